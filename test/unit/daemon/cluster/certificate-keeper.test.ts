import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mock } from 'node:test';
import { CertificateKeeper } from '../../../../src/daemon/cluster/certificate-keeper.ts';
import {
  createAuthority,
  createRequest,
  issueCertificate,
  type SigningAuthority,
} from '../../../../src/manager/authority/certificates.ts';
import type { IssuedCertificate } from '../../../../src/rpc/messages.ts';
import type { TlsIdentity } from '../../../../src/rpc/secure/tls-material.ts';

const subject = { nodeId: 'n1', role: 'worker', clusterId: 'c1' } as const;
const day = 86_400_000;
const lifetimeMs = 100 * day;

describe('the keeper of a certificate', () => {
  let authority: SigningAuthority;
  let keeper: CertificateKeeper | undefined;
  const events = new EventTarget();
  let renewals: TlsIdentity[];
  let attempts: number;
  let isManagerThere: boolean;

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: new Date('2026-01-01T00:00:00Z') });
    authority = await createAuthority('c1', new Date());
    [renewals, attempts, isManagerThere] = [[], 0, true];
  });
  afterEach(() => {
    keeper?.stop();
    mock.timers.reset();
  });

  async function issue(request: string): Promise<IssuedCertificate> {
    const chain = await issueCertificate(authority, request, subject, { lifetimeMs, now: new Date() });
    return { chain, authorities: authority.certificate };
  }

  /** `random` decides when in the time for it. */
  async function keep(random: number): Promise<CertificateKeeper> {
    const { key, request } = await createRequest();
    keeper = new CertificateKeeper({
      identity: { ...subject, key, ...(await issue(request)) },
      renew: async (wanted) => {
        attempts++;
        if (isManagerThere) return issue(wanted);
        setImmediate(() => events.dispatchEvent(new Event('failed')));
        throw new Error('nobody listens there');
      },
      onRenewed: (identity) => {
        renewals.push(identity);
        events.dispatchEvent(new Event('renewed'));
      },
      log: () => undefined,
      random: () => random,
    });
    return keeper;
  }

  it('renews it between half and four fifths of its life, with a new key', async () => {
    for (const [random, due] of [
      [0, 50],
      [1, 80],
    ] as const) {
      const { identity } = await keep(random);
      const renewed = once(events, 'renewed');
      // Timers of Node reach 24 days: it has to look in between.
      for (let passed = 0; passed < due - 1; passed++) await pass(day);
      assert.equal(renewals.length, 0);
      await pass(day);
      await pass(day);
      await renewed;
      assert.notEqual(renewals[0]?.key, identity.key);
      assert.ok(
        new X509Certificate(renewals[0]?.chain ?? '').validToDate > new X509Certificate(identity.chain).validToDate,
      );
      keeper?.stop();
      renewals = [];
    }
  });

  /** The next attempt has failed, when that time has passed. */
  async function failAfter(ms: number): Promise<void> {
    const failed = once(events, 'failed');
    await pass(ms);
    await failed;
    await pass(0);
  }

  it('tries again soon when no manager is there, then less and less often, down to a fiftieth of its life', async () => {
    isManagerThere = false;
    await keep(1);
    for (let passed = 0; passed < 79; passed++) await pass(day);
    await failAfter(day);
    await failAfter(1000);
    for (let pauseMs = 2000; pauseMs < 2 * day; pauseMs *= 2) {
      const before = attempts;
      await pass(pauseMs - 1);
      assert.equal(attempts, before);
      await failAfter(1);
    }
    await failAfter(2 * day);
    isManagerThere = true;
    const renewed = once(events, 'renewed');
    await pass(2 * day);
    await renewed;
  });

  /** Resolves to the end of the renewal: of the authorities themselves it tells at once. */
  async function renewUnder(kept: CertificateKeeper, authorities: string): Promise<void> {
    kept.useAuthorities(authorities);
    await once(events, 'renewed');
  }

  it('does not wait for its next attempt when another authority signs by now', async () => {
    isManagerThere = false;
    const kept = await keep(1);
    for (let passed = 0; passed < 79; passed++) await pass(day);
    await failAfter(day);
    for (let pauseMs = 1000; pauseMs < day; pauseMs *= 2) await failAfter(pauseMs);
    isManagerThere = true;
    authority = await createAuthority('c1', new Date());
    await renewUnder(kept, authority.certificate + kept.identity.authorities);
  });

  it('renews it at once when another authority signs by now', async () => {
    const before = authority.certificate;
    const kept = await keep(0.5);
    await pass(day);
    authority = await createAuthority('c1', new Date());
    await renewUnder(kept, authority.certificate + before);
    assert.equal(attempts, 1);
    assert.equal(kept.identity.authorities, authority.certificate);
  });
});

/** Lets time pass, and what waits for it go on. */
async function pass(ms: number): Promise<void> {
  mock.timers.tick(ms);
  await new Promise((resolve) => setImmediate(resolve));
}
