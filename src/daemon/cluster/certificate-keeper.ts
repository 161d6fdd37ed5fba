import { X509Certificate } from 'node:crypto';
import { delay } from '../../../agents/host/abortable.ts';
import { backdatedMs, createRequest } from '../../manager/authority/certificates.ts';
import { longestTimerMs } from '../../model/timer.ts';
import type { IssuedCertificate } from '../../rpc/messages.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';

export interface CertificateKeeperOptions {
  readonly identity: TlsIdentity;
  /** Asks for a certificate for the key of a PKCS #10 request. */
  readonly renew: (request: string) => Promise<IssuedCertificate>;
  /** Stores the new identity and begins to use it. */
  readonly onRenewed: (identity: TlsIdentity) => void;
  readonly log: (message: string) => void;
  readonly random?: () => number;
}

/** Part of its life after which a certificate is renewed: somewhere between, so that the nodes of a cluster do not come all at once. */
const earliest = 0.5;
const latest = 0.8;

/**
 * Pauses after failed attempts: first a moment, since managers that elect a leader, or take certificates of a new authority themselves, are there again
 * in seconds; doubled up to a fiftieth of the certificate's life, so that there are many attempts before it ends.
 */
const firstPauseMs = 1000;
const longestPausePart = 0.02;

/** Timers do not notice that the clock was set, or that the machine slept: so it is looked at often enough for certificates of an hour. */
const clockLookMs = 300_000;

/** Renews a node's certificate in time for as long as it runs. */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #over = new AbortController();
  #identity: TlsIdentity;
  #hurry = new AbortController();

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#identity = options.identity;
    void this.#run();
  }

  get identity(): TlsIdentity {
    return this.#identity;
  }

  /** Takes over the authorities that count by now; a certificate of one that does not sign any more is renewed at once. */
  useAuthorities(authorities: string): void {
    if (authorities === this.#identity.authorities) return;
    this.#use({ ...this.#identity, authorities });
    if (!isSignedByFirst(this.#identity)) this.#hurry.abort();
  }

  /** Renews it whatever its age; rejects when that fails. */
  async renewNow(): Promise<void> {
    const { key, request } = await createRequest();
    this.#use({ ...this.#identity, key, ...(await this.#options.renew(request)) });
  }

  stop(): void {
    this.#over.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    const random = this.#options.random ?? Math.random;
    while (!signal.aborted) {
      const { validFromDate, validToDate } = new X509Certificate(this.#identity.chain);
      const issuedAt = validFromDate.getTime() + backdatedMs;
      const lifeMs = validToDate.getTime() - issuedAt;
      const at = issuedAt + lifeMs * (earliest + (latest - earliest) * random());
      await this.#until(at);
      await this.#insist(lifeMs * longestPausePart);
    }
  }

  /** Tries until it is renewed; from the first pause on again when there is a new reason. */
  async #insist(longestPauseMs: number): Promise<void> {
    const random = this.#options.random ?? Math.random;
    let pauseMs = firstPauseMs;
    while (!this.#over.signal.aborted && !(await this.#renew())) {
      // Half of it by chance: after `cluster ca rotate` all nodes come at once.
      const wasHurried = await this.#pause(Math.min(pauseMs, longestPauseMs, longestTimerMs) * (0.5 + random() / 2));
      pauseMs = wasHurried ? firstPauseMs : pauseMs * 2;
    }
  }

  /** Until that time, or until the certificate has to be renewed for another reason. */
  async #until(at: number): Promise<void> {
    let wasHurried = !isSignedByFirst(this.#identity);
    for (let left = at - Date.now(); left > 0 && !wasHurried && !this.#over.signal.aborted; left = at - Date.now())
      wasHurried = await this.#pause(Math.min(left, clockLookMs));
  }

  /** Whether it was ended by a reason to renew at once. */
  async #pause(pauseMs: number): Promise<boolean> {
    this.#hurry = new AbortController();
    const { signal } = this.#hurry;
    await delay(pauseMs, AbortSignal.any([this.#over.signal, signal]));
    return signal.aborted;
  }

  /** False when that has failed, which is told. */
  async #renew(): Promise<boolean> {
    const { log } = this.#options;
    try {
      await this.renewNow();
      log(
        `the certificate of this node was renewed; it is good until ${new X509Certificate(this.#identity.chain).validTo}`,
      );
      return true;
    } catch (error) {
      log(`renew the certificate of this node: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  #use(identity: TlsIdentity): void {
    this.#identity = identity;
    this.#options.onRenewed(identity);
  }
}

function isSignedByFirst({ chain, authorities }: TlsIdentity): boolean {
  return new X509Certificate(chain).checkIssued(new X509Certificate(authorities));
}
