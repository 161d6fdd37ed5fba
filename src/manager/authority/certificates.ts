/** Makes the certificates of a cluster: ECDSA on P-256, signed with SHA-256. */
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import type { NodeIdentity } from '../../rpc/secure/node-identity.ts';
import { serverName } from '../../rpc/secure/trust.ts';
import { InvalidRequestError } from '../errors.ts';
import type * as X509Package from './x509.ts';
import type { Extension, Name, PublicKey, X509Certificate } from './x509.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** An authority outlives every machine of its cluster; it is replaced by `cluster ca rotate`. */
const authorityYears = 20;

/** A certificate is good from an hour before it was made: clocks differ. */
export const backdatedMs = 3_600_000;

type X509 = typeof X509Package;

/** Loaded with the first certificate: hosts that are alone never need it. */
function load(): Promise<X509> {
  return import('./x509.ts');
}

/** PEM of a private key (PKCS #8) and of its certificate. */
export interface SigningAuthority {
  readonly key: string;
  readonly certificate: string;
}

/** A new authority for the cluster. */
export async function createAuthority(clusterId: string, now: Date): Promise<SigningAuthority> {
  const x509 = await load();
  const keys = await newKeys();
  const notAfter = new Date(now);
  notAfter.setFullYear(notAfter.getFullYear() + authorityYears);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    // The serial number tells the authorities of one cluster apart.
    name: nameOf(x509, [
      ['CN', `tsstack authority ${randomBytes(6).toString('hex')}`],
      ['O', clusterId],
    ]),
    notBefore: new Date(now.getTime() - backdatedMs),
    notAfter,
    keys,
    signingAlgorithm: algorithm,
    extensions: await authorityExtensions(x509, keys.publicKey),
  });
  return { key: await exportKey(keys.privateKey), certificate: pem(certificate) };
}

/** The certificate of another authority of the same cluster, signed by this one: who relies only on this one accepts what that one signs. */
export async function crossSign(older: SigningAuthority, newer: string): Promise<string> {
  const x509 = await load();
  const subject = new x509.X509Certificate(newer);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: subject.subjectName,
    issuer: new x509.X509Certificate(older.certificate).subjectName,
    notBefore: subject.notBefore,
    notAfter: subject.notAfter,
    publicKey: subject.publicKey,
    signingKey: await importKey(older.key),
    signingAlgorithm: algorithm,
    extensions: await authorityExtensions(x509, subject.publicKey),
  });
  return pem(certificate);
}

/** What a node sends to have its key certified, and the key, which never leaves the node. */
export async function createRequest(): Promise<{ readonly key: string; readonly request: string }> {
  const x509 = await load();
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(x509, [['CN', 'tsstack node']]),
    keys,
    signingAlgorithm: algorithm,
  });
  return { key: await exportKey(keys.privateKey), request: `${request.toString('pem')}\n` };
}

/** What a certificate says beside who it is of. */
export interface CertificateTerms {
  readonly lifetimeMs: number;
  readonly now: Date;
  /** IP address of a manager, where the members of a managed etcd find it; without it the certificate lets nobody be one. */
  readonly memberAddress?: string;
}

/** Certifies the key in the request for a node. Whatever name the request asks for does not matter. */
export async function issueCertificate(
  authority: SigningAuthority,
  request: string,
  identity: NodeIdentity,
  { lifetimeMs, now, memberAddress = '' }: CertificateTerms,
): Promise<string> {
  const x509 = await load();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: nameOf(x509, [
      ['CN', identity.nodeId],
      ['OU', identity.role],
      ['O', identity.clusterId],
    ]),
    issuer: new x509.X509Certificate(authority.certificate).subjectName,
    notBefore: new Date(now.getTime() - backdatedMs),
    notAfter: new Date(now.getTime() + lifetimeMs),
    publicKey: await requestedKey(x509, request),
    signingKey: await importKey(authority.key),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth], true),
      ...(memberAddress === '' ? [] : [memberNames(x509, memberAddress)]),
    ],
  });
  return pem(certificate);
}

/** The serial numbers (hexadecimal) of certificates that are refused, as a list (DER) signed by a node. */
export async function createRevocationList(
  { nodeId, clusterId, key }: NodeIdentity & { readonly key: string },
  serials: readonly string[],
  now: Date,
): Promise<Buffer> {
  const x509 = await load();
  const list = await x509.X509CrlGenerator.create({
    issuer: nameOf(x509, [
      ['CN', nodeId],
      ['O', clusterId],
    ]),
    thisUpdate: now,
    entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: now })),
    signingKey: await importKey(key),
    signingAlgorithm: algorithm,
  });
  return Buffer.from(list.rawData);
}

/** etcd connects to addresses, which certificates then have to name, and lets in whose certificate names what only managers have. */
function memberNames(x509: X509, address: string): Extension {
  return new x509.SubjectAlternativeNameExtension([
    { type: 'dns', value: serverName },
    { type: 'ip', value: address },
  ]);
}

/** The key that is asked for; who asks has shown to have its private half. */
async function requestedKey(x509: X509, text: string): Promise<PublicKey> {
  let request: InstanceType<X509['Pkcs10CertificateRequest']>;
  try {
    request = new x509.Pkcs10CertificateRequest(text);
  } catch (cause) {
    throw new InvalidRequestError('certificate request: is none', { cause });
  }
  const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string };
  if (name !== 'ECDSA' || namedCurve !== 'P-256')
    throw new InvalidRequestError('certificate request: its key is not on P-256');
  if (!(await request.verify())) throw new InvalidRequestError('certificate request: its signature is wrong');
  return request.publicKey;
}

async function authorityExtensions(x509: X509, key: PublicKey | webcrypto.CryptoKey): Promise<Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    await x509.SubjectKeyIdentifierExtension.create(key),
  ];
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' });
}

async function importKey(key: string): Promise<webcrypto.CryptoKey> {
  return createPrivateKey(key).toCryptoKey(algorithm, false, ['sign']);
}

/** Positive, as RFC 5280 wants it. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function nameOf(x509: X509, parts: readonly (readonly [string, string])[]): Name {
  return new x509.Name(parts.map(([key, value]) => ({ [key]: [value] })));
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
