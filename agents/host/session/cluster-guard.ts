import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { newId } from '../../../src/model/ids.ts';
import { TsstackError } from '../../../src/model/errors.ts';
import type { SessionMessage } from '../../../src/rpc/messages.ts';
import { hasErrno } from '../errors.ts';

/** Who this agent is and whose word it takes; kept in agent.json. */
export interface AgentIdentity {
  readonly nodeId: string;
  /** Empty until the first session. */
  readonly clusterId: string;
  readonly storeEpoch: number;
  /** The last term of a manager that this agent has heard of, and the highest revision of its store. */
  readonly storeTerm: string;
  readonly storeRevision: number;
}

/** What a manager says of its store as a session begins. */
export type StoreClaim = Pick<
  SessionMessage,
  'clusterId' | 'storeEpoch' | 'storeTerm' | 'storeRevision' | 'isAccepted'
>;

/**
 * What the word of a store counts for. Only a `known` one removes by silence. `new`: never seen before; `set-back`: an older state of the known one;
 * `accepted`: such a one of which an operator has said that it counts.
 */
export type Standing = 'known' | 'new' | 'set-back' | 'accepted';

/** Revisions are written down so often at most: the file is small, and there are many of them. */
const saveMs = 1000;

/** The manager belongs to another cluster than the one that this host's containers came from. */
class ForeignClusterError extends TsstackError {
  constructor(known: string, offered: string, file: string) {
    super('conflict', `this host belongs to cluster ${known}, but the manager is of cluster ${offered}`, {
      hint: `if that is meant, stop the daemon and remove ${file}: containers of the old cluster are then left alone`,
    });
  }
}

/**
 * Decides whose word the agent takes. An empty or restored store must not wipe a host: what it does not mention is deleted only when the store is
 * the very one that the agent knew before, cluster and epoch, and has seen all that the agent has seen of it.
 */
export class ClusterGuard {
  readonly #file: string;
  #identity: AgentIdentity;
  #isSetBack = false;
  #isUnsaved = false;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
    this.#identity = readIdentity(file);
  }

  /** Makes the agent that will use the file a node of a cluster whose store it has not seen yet. */
  static async assign(file: string, nodeId: string, clusterId: string): Promise<void> {
    await new ClusterGuard(file).#save({ ...unseen, nodeId, clusterId });
  }

  get identity(): AgentIdentity {
    return this.#identity;
  }

  /** Accepts the manager of a new session or throws. */
  async admit(claim: StoreClaim): Promise<Standing> {
    const known = this.#identity;
    const { clusterId, storeEpoch, storeTerm, storeRevision, isAccepted } = claim;
    if (known.clusterId !== '' && known.clusterId !== clusterId) {
      throw new ForeignClusterError(known.clusterId, clusterId, this.#file);
    }
    const isKnown = known.clusterId === clusterId && known.storeEpoch === storeEpoch;
    this.#isSetBack = isKnown && !isAccepted && known.storeRevision > storeRevision;
    if (this.#isSetBack) return 'set-back';
    const isSame = isKnown && !isAccepted && known.storeTerm === storeTerm;
    if (!isSame) await this.#save({ ...known, clusterId, storeEpoch, storeTerm, storeRevision });
    if (!isKnown) return 'new';
    return isAccepted ? 'accepted' : 'known';
  }

  /** Notes what the store has come to in this session; throws when it has gone back, after which a new session has to be judged anew. */
  note(revision: number): void {
    if (this.#isSetBack || revision === this.#identity.storeRevision) return;
    if (revision < this.#identity.storeRevision) {
      throw new TsstackError('unavailable', "the manager's store was set back to an older state", { retryable: true });
    }
    this.#identity = { ...this.#identity, storeRevision: revision };
    this.#isUnsaved = true;
    if (this.#timer === undefined) this.#saveNoted();
  }

  /** What was noted and not written yet is. */
  async settle(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isUnsaved) await this.persist();
  }

  /** The first one at once: who is set back to before it has no excuse. Those that follow in the next second together. */
  #saveNoted(): void {
    this.#isUnsaved = false;
    // A failure is made up for by the next one; until then the file says less than is known.
    this.persist().catch(() => (this.#isUnsaved = true));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isUnsaved) this.#saveNoted();
    }, saveMs).unref();
  }

  /** Writes the identity down: of a new agent, so that it keeps its node id. */
  persist(): Promise<void> {
    return this.#save(this.#identity);
  }

  /** One after the other, so that the last one stays. */
  #save(identity: AgentIdentity): Promise<void> {
    this.#identity = identity;
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<void> {
    const temporary = `${this.#file}.${randomUUID()}`;
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(temporary, `${JSON.stringify(this.#identity)}\n`, { mode: 0o600, flush: true });
    await rename(temporary, this.#file);
  }
}

const unseen = { clusterId: '', storeEpoch: 0, storeTerm: '', storeRevision: 0 };

/** Files of earlier versions lack what has been added since. */
function readIdentity(file: string): AgentIdentity {
  try {
    const stored = JSON.parse(readFileSync(file, 'utf8')) as Partial<AgentIdentity> & Pick<AgentIdentity, 'nodeId'>;
    return { ...unseen, ...stored };
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return { ...unseen, nodeId: newId() };
    throw new TsstackError('internal', `read the agent's identity ${file}`, { cause: error });
  }
}
