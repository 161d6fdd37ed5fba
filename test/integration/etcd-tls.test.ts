import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentSeal } from '../../src/manager/authority/content-seal.ts';
import { put } from '../../src/manager/store/change.ts';
import { EtcdStore } from '../../src/manager/store/etcd/etcd-store.ts';
import type { EtcdTls } from '../../src/rpc/etcd-client.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { makeCertificates } from '../support/test-certificates.ts';
import { unstored } from '../unit/manager/store/store-conformance.ts';

const seal = new ContentSeal(Buffer.alloc(32, 7));

describe('an etcd that speaks TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-tls-'));
  const { files, texts } = makeCertificates(directory);
  let etcd: EtcdProcess;

  before(async () => (etcd = await EtcdProcess.startSecure(files)));
  after(async () => {
    await etcd.remove();
    rmSync(directory, { recursive: true });
  });

  const open = (tls: EtcdTls | null): Promise<EtcdStore> =>
    EtcdStore.open({ endpoints: [etcd.endpoint], tls, prefix: 't/', seal, candidate: null });

  it('is used with a certificate of its authority', async () => {
    const store = await open(texts);
    await store.update(() => ({ changes: [put(unstored('web'))], result: undefined }));
    store.close();
    const again = await open(texts);
    assert.equal(again.view.all('task').length, 1);
    again.close();
  });

  it('is not spoken to in clear, nor with certificates of another authority', async () => {
    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(elsewhere);
    const other = makeCertificates(elsewhere).texts;
    const unknown = { code: 'unavailable', message: /self-signed certificate|unable to verify/ };
    await Promise.all([
      assert.rejects(open(null), { code: 'unavailable' }),
      assert.rejects(open({ ...other, ca: texts.ca }), { code: 'unavailable' }),
      assert.rejects(open(other), unknown),
      assert.rejects(open({ ...texts, ca: other.ca }), unknown),
    ]);
  });
});
