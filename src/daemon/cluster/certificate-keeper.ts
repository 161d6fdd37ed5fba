import { X509Certificate } from 'node:crypto';
import { delay } from '../../../agents/host/abortable.ts';
import { backdatedMs, createRequest } from '../../manager/authority/certificates.ts';
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

/** Pause after a failed attempt: a fiftieth of the certificate's life, so that there are many attempts before it ends. */
const retryPart = 0.02;

/** Timers of Node take at most 2^31 - 1 ms, 24 days. */
const longestDelayMs = 2_000_000_000;

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
      while (!signal.aborted && !(await this.#renew()))
        await delay(Math.min(lifeMs * retryPart, longestDelayMs), signal);
    }
  }

  /** Until that time, or until the certificate has to be renewed for another reason. */
  async #until(at: number): Promise<void> {
    this.#hurry = new AbortController();
    if (!isSignedByFirst(this.#identity)) return;
    const over = AbortSignal.any([this.#over.signal, this.#hurry.signal]);
    for (let left = at - Date.now(); left > 0 && !over.aborted; left = at - Date.now())
      await delay(Math.min(left, longestDelayMs), over);
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
