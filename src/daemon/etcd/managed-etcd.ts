import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { delay } from '../../../agents/host/abortable.ts';
import { Backoff } from '../../../agents/host/backoff.ts';
import { memberUrl } from '../../manager/store/etcd/member-url.ts';
import { etcdOf, memberDirectory } from '../../manager/store/store-setting.ts';
import { TsstackError } from '../../model/errors.ts';
import type { EtcdAddress } from '../../manager/store/etcd/endpoints.ts';
import type { StoreMember } from '../../rpc/messages.ts';
import type { ClusterFiles, Membership } from '../cluster/cluster-files.ts';
import { dataDirectory, etcdArguments } from './etcd-arguments.ts';
import { findEtcd } from './find-etcd.ts';
import { lastWords, MemberProcess } from './member-process.ts';
import { ensureRevocationList } from './revocation-list.ts';

/** One that has run for so long has started well. */
const settledMs = 5000;

/** Time for the first member to serve: an etcd alone takes one or two seconds. */
const foundMs = 30_000;

export interface ManagedEtcdOptions {
  readonly dataRoot: string;
  readonly files: ClusterFiles;
  readonly log: (message: string) => void;
}

/** How the loop starts the process. */
type Mode = 'member' | 'first' | 'forced';

/**
 * This manager's member of the managed etcd, which is kept running from `begin` on. The process belongs to the host, not to the daemon: it runs on
 * when that ends or crashes, as containers do, so that the others keep their majority; the next daemon finds it.
 */
export class ManagedEtcd {
  readonly #directory: string;
  readonly #managerDirectory: string;
  readonly #files: ClusterFiles;
  readonly #log: (message: string) => void;
  #over: AbortController | null = null;
  #loop: Promise<void> = Promise.resolve();
  #process: MemberProcess | null = null;
  #startedAtMs = -Infinity;
  #problem = '';
  #beforeRestart: () => Promise<void> = () => Promise.resolve();
  /** Of the host, as it is by now. */
  #membership: Membership | null = null;

  constructor({ dataRoot, files, log }: ManagedEtcdOptions) {
    this.#managerDirectory = join(dataRoot, 'manager');
    this.#directory = memberDirectory(this.#managerDirectory);
    this.#files = files;
    this.#log = log;
  }

  /** Why it does not run; empty when it does. */
  get problem(): string {
    const isSettled = this.#process !== null && performance.now() - this.#startedAtMs > settledMs;
    return isSettled ? '' : this.#problem;
  }

  /** It has nothing yet, and is to get it from the others. */
  get isNew(): boolean {
    return !existsSync(dataDirectory(this.#directory));
  }

  /** How the members do; none when the own one does not answer. */
  async describe(membership: Membership): Promise<readonly StoreMember[]> {
    if (this.#process === null) return [];
    const { EtcdEndpoints } = await import('../../manager/store/etcd/endpoints.ts');
    const { EtcdMembers } = await import('../../manager/store/etcd/members.ts');
    const { describeMembers } = await import('./describe-members.ts');
    const own = new URL(memberUrl(membership.managerAddress));
    const etcd = await EtcdEndpoints.open(this.#address);
    try {
      return await describeMembers(new EtcdMembers(etcd, 0), own, this.#files.readIdentity(membership));
    } catch (error) {
      this.#note(error);
      return [];
    } finally {
      etcd.close();
    }
  }

  /** Keeps the member running; the first time it asks the other managers for theirs. Idempotent. */
  begin(membership: Membership): void {
    this.#begin(membership, 'member');
  }

  /** Makes a new etcd of this member alone, and resolves when it serves. What an attempt before has left goes. */
  async found(membership: Membership): Promise<void> {
    findEtcd();
    await this.end();
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#begin(membership, 'first');
    await this.#serves();
  }

  /** Makes an etcd of this member alone out of what it has, and resolves when it serves. For when too few of the others will ever come back. */
  async recover(membership: Membership): Promise<void> {
    await this.rest();
    await MemberProcess.find(this.#directory)?.end();
    this.#begin(membership, 'forced');
    await this.#serves();
    // Without the word, which would make it alone again at its next start.
    await this.rest();
    await MemberProcess.find(this.#directory)?.end();
    this.#begin(membership, 'member');
    await this.#serves();
  }

  /**
   * Starts the process anew when it was started under other terms: other authorities, which it reads only then, or at another address. `delayMs`
   * keeps the managers apart, so that a majority always runs.
   */
  async renewTrust(delayMs: number): Promise<void> {
    const signal = this.#over?.signal;
    if (signal === undefined) return;
    await delay(delayMs, signal);
    const process = this.#process;
    if (signal.aborted || process === null || process.terms === this.#terms()) return;
    await this.#beforeRestart();
    await process.end();
  }

  /** What has to be done before the process is started anew while a manager uses it. */
  onRestart(prepare: () => Promise<void>): void {
    this.#beforeRestart = prepare;
  }

  /** Keeps it running no more, and lets it run. */
  async rest(): Promise<void> {
    this.#over?.abort();
    this.#over = null;
    await this.#loop;
    this.#process = null;
  }

  /** Waits for its end, which comes by itself when the others have removed it; then nothing is left of it. */
  async leave(withinMs: number): Promise<void> {
    await this.rest();
    await MemberProcess.find(this.#directory)
      ?.ended(AbortSignal.timeout(withinMs))
      .catch(() => undefined);
    await this.end();
  }

  /** Ends it, and removes what it has stored. */
  async end(): Promise<void> {
    await this.rest();
    await MemberProcess.find(this.#directory)?.destroy();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #begin(membership: Membership, mode: Mode): void {
    this.#membership = membership;
    if (this.#over !== null) return void this.renewTrust(0).catch((error: unknown) => this.#note(error));
    this.#over = new AbortController();
    this.#loop = this.#keep(mode, this.#over.signal);
  }

  async #keep(mode: Mode, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        this.#process = MemberProcess.find(this.#directory) ?? (await this.#start(mode));
        this.#startedAtMs = performance.now();
        this.renewTrust(settledMs).catch((error: unknown) => this.#note(error));
        await this.#process.ended(signal);
        throw new TsstackError('unavailable', `etcd has ended: ${lastWords(this.#directory)}`);
      } catch (error) {
        if (!signal.aborted) this.#note(error);
      }
      this.#process = null;
      if (performance.now() - this.#startedAtMs > settledMs) backoff.reset();
      await delay(backoff.next(), signal);
    }
  }

  async #start(mode: Mode): Promise<MemberProcess> {
    const membership = this.#requireMembership();
    const program = findEtcd();
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    await ensureRevocationList(this.#files.revokedPath, this.#files.readIdentity(membership));
    const others = this.isNew && mode === 'member' ? await this.#askOthers(membership) : null;
    const args = etcdArguments({
      membership,
      directory: this.#directory,
      files: this.#files,
      others,
      isForced: mode === 'forced',
    });
    return MemberProcess.start(program, args, { directory: this.#directory, terms: this.#terms() });
  }

  /** All members with this one, as the other managers see them; throws while they have not taken it in. */
  async #askOthers(membership: Membership): Promise<readonly string[]> {
    const { askForMembers } = await import('./peer-members.ts');
    const own = memberUrl(membership.managerAddress);
    const identity = this.#files.readIdentity(membership);
    const others = membership.managers.filter((address) => address !== membership.managerAddress);
    for (const address of others) {
      const members = await askForMembers(new URL(memberUrl(address)), identity).catch((error: unknown) =>
        this.#note(error),
      );
      if (members?.some(({ peerURLs }) => peerURLs.includes(own)) !== true) continue;
      return members.flatMap(({ name, peerURLs }) =>
        peerURLs.map((url) => `${url === own ? membership.nodeId : name}=${url}`),
      );
    }
    throw new TsstackError('unavailable', 'the other managers have not taken the etcd of this host in yet');
  }

  get #address(): EtcdAddress {
    return etcdOf({ type: 'managed' }, this.#managerDirectory);
  }

  /** Digest of what the process takes up only as it starts. */
  #terms(): string {
    const start = {
      membership: this.#requireMembership(),
      directory: this.#directory,
      files: this.#files,
      others: null,
    };
    const args = etcdArguments(start).join(' ');
    return createHash('sha256').update(readFileSync(this.#files.authoritiesPath)).update(args).digest('hex');
  }

  #requireMembership(): Membership {
    if (this.#membership !== null) return this.#membership;
    throw new TypeError('the member of a manager is kept running for that manager');
  }

  async #serves(): Promise<void> {
    const { awaitEtcd } = await import('../../manager/store/etcd/members.ts');
    try {
      await awaitEtcd(this.#address, foundMs);
    } catch (cause) {
      throw new TsstackError('unavailable', `start etcd: ${this.#problem || String(cause)}`, { cause });
    }
  }

  #note(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== this.#problem) this.#log(`etcd of this host: ${problem}`);
    this.#problem = problem;
  }
}
