import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MalformedImageError, UnsupportedImageError } from '../../../../../agents/host/images/errors.ts';
import { chainIds, isDigest } from '../../../../../agents/host/images/formats/digest.ts';
import { parseImageConfig, toImageDefaults } from '../../../../../agents/host/images/formats/image-config.ts';
import { parseManifest, selectManifest } from '../../../../../agents/host/images/formats/manifest.ts';
import type { ImageIndex } from '../../../../../agents/host/images/formats/manifest.ts';
import { sha256 } from '../../../../support/tar-builder.ts';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const descriptor = (text: string, mediaType = 'application/vnd.oci.image.manifest.v1+json'): object => ({
  mediaType,
  digest: sha256(text),
  size: text.length,
});
const config = descriptor('config', 'application/vnd.oci.image.config.v1+json');
const layer = descriptor('layer', 'application/vnd.oci.image.layer.v1.tar+gzip');

function indexOf(...platforms: readonly (object | null)[]): ImageIndex {
  const manifests = platforms.map((platform) => ({ ...descriptor(JSON.stringify(platform)), platform }));
  const document = parseManifest(json({ schemaVersion: 2, manifests }), '', 'x');
  assert.ok(document.kind === 'index');
  return document.index;
}

const arm = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const amd = { os: 'linux', architecture: 'amd64', variant: '' };

describe('image manifests', () => {
  it('tells images from indexes, by the type or by the content', () => {
    assert.equal(parseManifest(json({ schemaVersion: 2, config, layers: [layer] }), '', 'x').kind, 'image');
    assert.equal(indexOf(amd).manifests.length, 1);
    const list = { mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json', manifests: [] };
    assert.equal(parseManifest(json(list), '', 'x').kind, 'index');
  });

  it('chooses the entry that was made for this host', () => {
    const index = indexOf({ os: 'windows', architecture: 'amd64' }, amd, arm, {
      os: 'unknown',
      architecture: 'unknown',
    });
    assert.equal(selectManifest(index, amd, 'x').digest, sha256(JSON.stringify(amd)));
    assert.equal(selectManifest(index, arm, 'x').digest, sha256(JSON.stringify(arm)));
  });

  it('prefers the exact variant to none, and does not take a demanding one', () => {
    const plain = { os: 'linux', architecture: 'arm64' };
    const newer = { os: 'linux', architecture: 'arm64', variant: 'v9' };
    assert.equal(selectManifest(indexOf(newer, plain, arm), arm, 'x').digest, sha256(JSON.stringify(arm)));
    assert.equal(selectManifest(indexOf(newer, plain), arm, 'x').digest, sha256(JSON.stringify(plain)));
  });

  it('takes an only entry that does not name its platform', () => {
    assert.equal(selectManifest(indexOf(null), amd, 'x').digest, sha256('null'));
  });

  it('names the platforms that there are when none fits', () => {
    assert.throws(() => selectManifest(indexOf(arm), amd, 'redis:7'), {
      name: 'UnsupportedImageError',
      message: 'get image redis:7: there is no image for linux/amd64, only for linux/arm64',
    });
  });

  it('refuses schema 1, artifacts and layers that are no archives', () => {
    const old = { schemaVersion: 1, fsLayers: [] };
    const artifact = {
      schemaVersion: 2,
      config: descriptor('c', 'application/vnd.cncf.helm.config.v1+json'),
      layers: [],
    };
    const strange = {
      schemaVersion: 2,
      config,
      layers: [descriptor('l', 'application/vnd.oci.image.layer.v1.tar+encrypted')],
    };
    for (const document of [old, artifact, strange]) {
      assert.throws(() => parseManifest(json(document), '', 'x'), UnsupportedImageError);
    }
    assert.throws(() => parseManifest(json(old), '', 'x'), /schema 1/);
  });

  it('refuses what is no manifest, naming the field', () => {
    const bad = { schemaVersion: 2, config: { ...config, digest: 'sha256:../../etc/passwd' }, layers: [] };
    assert.throws(() => parseManifest(json(bad), '', 'x'), /config\.digest/);
    assert.throws(() => parseManifest(Buffer.from('<html>'), '', 'x'), MalformedImageError);
    assert.throws(() => parseManifest(json({ ...bad, config: { ...config, size: -1 } }), '', 'x'), /config\.size/);
  });
});

describe('image configurations', () => {
  it('knows every field that containers inherit, and what stands for absent', () => {
    const full = {
      architecture: 'amd64',
      os: 'linux',
      config: {
        User: 'app',
        Env: ['A=1'],
        Entrypoint: ['/init'],
        Cmd: ['serve'],
        WorkingDir: '/srv',
        Volumes: { '/data': {} },
        StopSignal: 'SIGQUIT',
        Healthcheck: { Test: ['CMD', 'true'], Interval: 2_000_000_000, Timeout: 0, Retries: 3 },
      },
      rootfs: { type: 'layers', diff_ids: [sha256('a')] },
    };
    assert.deepEqual(toImageDefaults(parseImageConfig(json(full), 'x').config), {
      entrypoint: ['/init'],
      command: ['serve'],
      environment: ['A=1'],
      workingDir: '/srv',
      user: 'app',
      volumes: ['/data'],
      stopSignal: 'SIGQUIT',
      healthcheck: {
        test: ['CMD', 'true'],
        intervalMs: 2000,
        timeoutMs: null,
        startPeriodMs: null,
        startIntervalMs: null,
        retries: 3,
      },
    });
    const nulls = { config: { Env: null, Cmd: null, Volumes: null, Labels: null }, rootfs: { diff_ids: null } };
    assert.deepEqual(toImageDefaults(parseImageConfig(json(nulls), 'x').config).environment, []);
  });

  it('makes chain ids as the specification says', () => {
    const [a, b, c] = [sha256('a'), sha256('b'), sha256('c')];
    const ab = sha256(`${a} ${b}`);
    assert.deepEqual(chainIds([a, b, c]), [a, ab, sha256(`${ab} ${c}`)]);
    assert.ok(!isDigest(`sha256:${'A'.repeat(64)}`));
  });
});
