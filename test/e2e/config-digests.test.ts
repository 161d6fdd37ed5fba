import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { startRegistry, type Registry } from '../fixtures/registry.ts';
import { TestHost } from '../support/test-host.ts';

describe('config with the digests of images', () => {
  const host = new TestHost();
  let registry: Registry;
  let file = '';
  let reference = '';
  let pinned = '';

  before(async () => {
    registry = await startRegistry();
    reference = await registry.push(await busyboxImage());
    file = host.write(
      'stack.yml',
      `name: pins\nservices:\n  a: { image: "${reference}", init: true }\n  b: { build: . }\n`,
    );
    const [, repository = '', tag = ''] = /^[^/]+\/(.*):([^:]+)$/.exec(reference) ?? [];
    const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
    const answer = await fetch(`http://${registry.host}/v2/${repository}/manifests/${tag}`, { headers: { accept } });
    const manifest = Buffer.from(await answer.arrayBuffer());
    pinned = `${reference}@sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  });
  after(async () => {
    try {
      await host.stop();
    } finally {
      await registry.stop();
    }
  });

  it('pins what the registry has now, and leaves alone what is built', async () => {
    const { stdout } = await host.ok(['-f', file, 'config', '--resolve-image-digests', '--format', 'json']);
    const { name, services } = JSON.parse(stdout) as { name: string; services: Record<string, { image?: string }> };
    assert.equal(name, 'pins');
    assert.equal(services['a']?.image, pinned);
    assert.equal(services['b']?.image, undefined);
  });

  it('prints a file that pins the images of another one', async () => {
    const lock = host.write('lock.yml', '');
    await host.ok(['-f', file, 'config', '--lock-image-digests', '-o', lock]);
    assert.equal(readFileSync(lock, 'utf8'), `services:\n  a:\n    image: ${pinned}\n  b: {}\n`);
    const { stdout } = await host.ok(['-f', file, '-f', lock, 'config', '--images']);
    assert.deepEqual(stdout.trim().split('\n').toSorted(), [pinned, 'pins-b'].toSorted());
  });

  it('says which image cannot be had', async () => {
    const missing = host.write('missing.yml', `services: { a: { image: "${registry.host}/not-here:1" } }\n`);
    const { code, stderr } = await host.run(['-f', missing, 'config', '--resolve-image-digests']);
    assert.equal(code, 1);
    assert.match(stderr, /not-here:1/);
  });
});
