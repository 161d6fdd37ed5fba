import type { EtcdClient, Member } from '../../../rpc/etcd-client.ts';
import { TsstackError } from '../../../model/errors.ts';
import { EtcdEndpoints, type EtcdAddress, type Patience } from './endpoints.ts';

export type { Member };

/** Changes of the members are decided by a majority, as writes are. */
const defaultPatienceMs = 5000;

/** The members of a managed etcd. */
export class EtcdMembers {
  readonly #etcd: EtcdEndpoints;
  readonly #patience: Patience;
  /** etcd drops a change that comes while another one is under way, and lets whoever asked for it wait in vain. */
  #change: Promise<unknown> = Promise.resolve();

  constructor(etcd: EtcdEndpoints, patienceMs = defaultPatienceMs) {
    this.#etcd = etcd;
    this.#patience = { patienceMs };
  }

  /** As the member knows them that is asked. */
  async list(): Promise<readonly Member[]> {
    const { members } = await this.#etcd.call('list the members of etcd', this.#patience, (client, options) =>
      client.memberList({}, options),
    );
    return members;
  }

  /** Takes in one that follows at first, so that nothing waits for it; etcd has one such at a time. */
  async add(url: string): Promise<void> {
    await this.#alone(`take ${url} into etcd`, this.#patience, (client, options) =>
      client.memberAdd({ peerUrls: [url], isLearner: true }, options),
    );
  }

  /** Makes it count; fails while it has not caught up. */
  async promote({ id }: Member): Promise<void> {
    await this.#alone('promote a member of etcd', this.#patience, (client, options) =>
      client.memberPromote({ id }, options),
    );
  }

  /** The others find it there from now on. */
  async move({ id }: Member, url: string): Promise<void> {
    await this.#alone(`move a member of etcd to ${url}`, this.#patience, (client, options) =>
      client.memberUpdate({ id, peerUrls: [url] }, options),
    );
  }

  /** One that is gone already is as it shall be. */
  async remove({ id, peerUrls }: Member): Promise<void> {
    await this.#alone(`remove ${peerUrls.join()} from etcd`, this.#patience, (client, options) =>
      client.memberRemove({ id }, options),
    ).catch((error: unknown) => {
      if (!(error instanceof TsstackError) || error.code !== 'not-found') throw error;
    });
  }

  /** Runs when the change before is over, whatever became of it. */
  #alone<Answer>(
    what: string,
    patience: Patience,
    ask: (client: EtcdClient, options: { readonly deadlineMs: number }) => Promise<Answer>,
  ): Promise<Answer> {
    const work = (): Promise<Answer> => this.#etcd.call(what, patience, ask);
    const mine = this.#change.then(work, work);
    this.#change = mine.catch(() => undefined);
    return mine;
  }

  /** Id of the member that leads; empty when there is none. */
  async leader(): Promise<string> {
    const { leader } = await this.#etcd.call('ask etcd who leads', this.#patience, (client, options) =>
      client.status({}, options),
    );
    return leader;
  }
}

/** Resolves when an etcd that was just started serves; rejects after that time. */
export async function awaitEtcd(address: EtcdAddress, patienceMs: number): Promise<void> {
  const etcd = await EtcdEndpoints.open(address);
  const nothing = { key: Buffer.from('tsstack/'), rangeEnd: Buffer.alloc(0), limit: 1, revision: 0 };
  try {
    await etcd.call('start etcd', { patienceMs }, (client, options) => client.range(nothing, options));
  } finally {
    etcd.close();
  }
}
