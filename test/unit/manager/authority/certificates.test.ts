import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  createAuthority,
  createRequest,
  crossSign,
  issueCertificate,
} from '../../../../src/manager/authority/certificates.ts';
import { identityOf } from '../../../../src/rpc/secure/node-identity.ts';

const identity = { nodeId: 'ab12', role: 'worker', clusterId: 'c1' } as const;
const now = new Date('2026-03-01T12:00:00Z');
const hour = 3_600_000;

describe('certificates of a cluster', () => {
  it('say who a node is and in which role, and are good from an hour ago to the end of their life', async () => {
    const authority = await createAuthority('c1', now);
    const { key, request } = await createRequest();
    const leaf = new X509Certificate(await issueCertificate(authority, request, identity, { lifetimeMs: hour, now }));
    assert.deepEqual(identityOf(leaf), identity);
    assert.equal(leaf.validFromDate.getTime(), now.getTime() - hour);
    assert.equal(leaf.validToDate.getTime(), now.getTime() + hour);
    assert.equal(leaf.ca, false);
    assert.equal(leaf.checkPrivateKey(createPrivateKey(key)), true);
    assert.equal(leaf.verify(new X509Certificate(authority.certificate).publicKey), true);
  });

  it('are signed by their own authority only', async () => {
    const [ours, other] = [await createAuthority('c1', now), await createAuthority('c1', now)];
    const { request } = await createRequest();
    const leaf = new X509Certificate(await issueCertificate(ours, request, identity, { lifetimeMs: hour, now }));
    assert.equal(leaf.verify(new X509Certificate(other.certificate).publicKey), false);
    assert.equal(leaf.checkIssued(new X509Certificate(other.certificate)), false);
  });

  it('are not given for a request that somebody has changed, or for what is no request', async () => {
    const authority = await createAuthority('c1', now);
    const { request } = await createRequest();
    const bytes = Buffer.from(request.replace(/-----[^-]+-----/g, ''), 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const issue = (text: string): Promise<string> =>
      issueCertificate(authority, text, identity, { lifetimeMs: hour, now });
    await assert.rejects(issue(bytes.toString('base64')), /certificate request: its signature is wrong/);
    await assert.rejects(issue('nonsense'), /certificate request: is none/);
  });

  it('of a new authority are accepted by who relies on the one before, through its signature', async () => {
    const [older, newer] = [await createAuthority('c1', now), await createAuthority('c1', now)];
    const cross = new X509Certificate(await crossSign(older, newer.certificate));
    const { request } = await createRequest();
    const leaf = new X509Certificate(await issueCertificate(newer, request, identity, { lifetimeMs: hour, now }));
    assert.equal(leaf.checkIssued(cross), true);
    assert.equal(leaf.verify(cross.publicKey), true);
    assert.equal(cross.ca, true);
    assert.equal(cross.verify(new X509Certificate(older.certificate).publicKey), true);
  });
});

describe('the identity in a certificate', () => {
  it('is none in the certificate of an authority', async () => {
    const { certificate } = await createAuthority('c1', now);
    assert.equal(identityOf(new X509Certificate(certificate)), null);
  });
});
