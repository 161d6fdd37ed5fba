import { X509Certificate } from 'node:crypto';
import { delay } from '../../../agents/host/abortable.ts';
import type { IssuedCertificate } from '../../rpc/messages.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';

/** Asks for a certificate for the key of a PKCS #10 request. */
export type Renew = (request: string) => Promise<IssuedCertificate>;

export interface CertificateKeeperOptions {
  readonly identity: TlsIdentity;
  readonly renew: Renew;
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
  #hurry = Promise.withResolvers<void>();

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
    if (!isSignedByFirst(this.#identity)) this.#hurry.resolve();
  }

  stop(): void {
    this.#over.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    const random = this.#options.random ?? Math.random;
    while (!signal.aborted) {
      const { validFromDate, validToDate } = new X509Certificate(this.#identity.chain);
      const lifeMs = validToDate.getTime() - validFromDate.getTime();
      const at = validFromDate.getTime() + lifeMs * (earliest + (latest - earliest) * random());
      await this.#until(at);
      while (!signal.aborted && !(await this.#renew()))
        await delay(Math.min(lifeMs * retryPart, longestDelayMs), signal);
    }
  }

  async #until(at: number): Promise<void> {
    const { signal } = this.#over;
    this.#hurry = Promise.withResolvers<void>();
    if (!isSignedByFirst(this.#identity)) return;
    let isDue = false;
    void this.#hurry.promise.then(() => (isDue = true));
    for (let left = at - Date.now(); left > 0 && !isDue && !signal.aborted; left = at - Date.now())
      await Promise.race([delay(Math.min(left, longestDelayMs), signal), this.#hurry.promise]);
  }

  async #renew(): Promise<boolean> {
    const { log, renew } = this.#options;
    try {
      const { createRequest } = await import('../../manager/authority/certificates.ts');
      const { key, request } = await createRequest();
      this.#use({ ...this.#identity, key, ...(await renew(request)) });
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
