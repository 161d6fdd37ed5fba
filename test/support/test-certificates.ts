import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names of files in PEM, and what is in them. */
export interface TestCertificates {
  readonly files: Readonly<Record<'ca' | 'certificate' | 'key', string>>;
  readonly texts: Readonly<Record<'ca' | 'certificate' | 'key', string>>;
}

/** An authority of its own and a certificate of it that is good for both ends at 127.0.0.1. */
export function makeCertificates(directory: string): TestCertificates {
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=test', '-days', '2');
  openssl('req', ...key, '-keyout', at('node.key'), '-out', at('node.csr'), '-subj', '/CN=node');
  writeFileSync(at('extensions'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
  const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', at('node.csr'), ...signer, '-extfile', at('extensions'), '-out', at('node.pem'));
  const files = { ca: at('ca.pem'), certificate: at('node.pem'), key: at('node.key') };
  const read = (path: string): string => readFileSync(path, 'utf8');
  return { files, texts: { ca: read(files.ca), certificate: read(files.certificate), key: read(files.key) } };
}
