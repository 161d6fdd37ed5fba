import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  createReadStream,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import type { ImageService } from '../../agents/host/images/image-service.ts';
import type { Image, ImageEvent, ImageListener } from '../../agents/host/images/types.ts';
import { busyboxImage, realImages } from '../fixtures/images.ts';
import type { SmallImage, TestImage } from '../fixtures/images.ts';
import { calmMs } from '../support/calm-time.ts';
import { ImageLab } from '../support/image-lab.ts';
import { buildTar } from '../support/tar-builder.ts';

/** The program in an unpacked layer, run with the layer as its root. */
function runIn(image: Image, ...command: readonly string[]): string {
  const [layer] = image.layers;
  assert.ok(layer !== undefined);
  return execFileSync('chroot', [layer, ...command]).toString();
}

async function* streamOf(data: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < data.length; start += 10_000)
    yield await Promise.resolve(data.subarray(start, start + 10_000));
}

describe('images of a host', function () {
  this.timeout(300_000);
  let lab: ImageLab;
  let images: ImageService;
  let busybox: SmallImage;
  before(async () => {
    busybox = await busyboxImage();
  });
  beforeEach(() => {
    lab = new ImageLab();
    images = lab.open();
  });
  afterEach(() => lab.close());

  describe('load', () => {
    it('loads what docker saved, under its name', async () => {
      const [loaded] = await images.load(busybox.dockerArchive);
      assert.deepEqual(loaded?.refs, ['busybox:test']);
      assert.deepEqual(loaded?.config.Cmd, ['sh']);
      assert.match(runIn(await images.ensure('busybox:test'), 'busybox', 'echo', 'hi'), /^hi$/m);
      assert.deepEqual(lab.contents('ingest'), []);
    });

    const forms: readonly (readonly [string, (archive: Buffer) => Buffer])[] = [
      ['plain', (archive) => archive],
      ['gzip', (archive) => gzipSync(archive, { level: 1 })],
      ['zstd', (archive) => zstdCompressSync(archive)],
    ];
    for (const [name, transform] of forms) {
      it(`loads a stream of bytes (${name})`, async () => {
        await images.load(streamOf(transform(readFileSync(busybox.dockerArchive))));
        assert.ok((await images.get('busybox:test')) !== undefined);
        assert.deepEqual(lab.contents('ingest'), []);
      });
    }

    it('loads an OCI layout in a tar, and the same image is the same wherever it came from', async () => {
      const archive = join(lab.directory, 'oci.tar');
      execFileSync('skopeo', [
        'copy',
        '--quiet',
        '--insecure-policy',
        `oci:${busybox.layout}:test`,
        `oci-archive:${archive}:bb:1`,
      ]);
      const [fromLayout] = await images.load(archive);
      const [fromDocker] = await images.load(busybox.dockerArchive);
      assert.equal(fromLayout?.id, fromDocker?.id);
      assert.deepEqual((await images.get('busybox:test'))?.refs, ['bb:1', 'busybox:test']);
    });

    it('loads what skopeo saves for docker, several images in one archive too', async () => {
      const archive = join(lab.directory, 'two.tar');
      execFileSync('skopeo', [
        'copy',
        '--quiet',
        '--insecure-policy',
        `oci:${busybox.layout}:test`,
        `docker-archive:${archive}:one:1`,
        '--additional-tag',
        'two:2',
      ]);
      const [loaded] = await images.load(archive);
      assert.deepEqual(loaded?.refs.toSorted(), ['one:1', 'two:2']);
    });

    it('refuses what is no image, saying what it is', async () => {
      const root = join(lab.directory, 'root.tar');
      writeFileSync(root, buildTar([{ name: 'etc/passwd', data: 'x' }]));
      await assert.rejects(images.load(root), /tsstack import/);
      await assert.rejects(images.load(streamOf(Buffer.from('no archive at all'.repeat(100)))), /no tar archive/);
      const layerless = buildTar([
        { name: 'manifest.json', data: '[{"Config":"c.json","RepoTags":["x:1"],"Layers":["missing.tar"]}]' },
        { name: 'c.json', data: '{"rootfs":{"type":"layers","diff_ids":["sha256:bad"]}}' },
      ]);
      await assert.rejects(images.load(streamOf(layerless)), /no sha256 digest/);
      const empty = buildTar([{ name: 'manifest.json', data: '[]' }]);
      await assert.rejects(images.load(streamOf(empty)), /it has no image/);
      assert.deepEqual([lab.contents('ingest'), lab.contents('layers'), await images.list()], [[], [], []]);
    });
  });

  describe('import', () => {
    it('makes an image of a root file system, with changes', async () => {
      const tar = gzipSync(execFileSync('tar', ['-C', busybox.rootfs, '-c', '.'], { maxBuffer: 1e8 }), { level: 1 });
      const image = await images.import(streamOf(tar), 'mine:1', { changes: ['CMD ["sh"]', 'ENV A=b'] });
      assert.deepEqual([image.refs, image.config.Cmd, image.config.Env], [['mine:1'], ['sh'], ['A=b']]);
      assert.match(runIn(image, '/bin/busybox', 'echo', 'hi'), /hi/);
      assert.equal((await lab.open().get('mine:1'))?.id, image.id);
    });

    it('leaves nothing of one that breaks off', async () => {
      await assert.rejects(images.import(streamOf(Buffer.from('garbage'.repeat(1000))), 'mine:1'), { code: 'invalid' });
      await assert.rejects(images.import(streamOf(Buffer.alloc(0)), 'mine:1'), /it is empty/);
      for (const place of ['ingest', 'layers', 'blobs/sha256'] as const) assert.deepEqual(lab.contents(place), []);
    });
  });

  describe('local sources', () => {
    it('takes an OCI layout by its path, with and without the tag', async () => {
      const image = await images.ensure(`oci-layout://${busybox.layout}`);
      assert.equal((await images.ensure(`oci-layout://${busybox.layout}:test`)).id, image.id);
      await assert.rejects(images.ensure(`oci-layout://${busybox.layout}:other`), /it has: test|no image other/);
      await assert.rejects(images.ensure('oci-layout:///nowhere'), { code: 'not-found' });
    });

    it('notices that a layout or an archive has changed, and keeps the image when it is gone', async () => {
      const layout = join(lab.directory, 'layout');
      const [other] = await realImages();
      cpSync(busybox.layout, layout, { recursive: true });
      const first = await images.ensure(`oci-layout://${layout}`);
      rmSync(layout, { recursive: true });
      assert.equal((await images.ensure(`oci-layout://${layout}`)).id, first.id);
      cpSync((other as TestImage).layout, layout, { recursive: true });
      const second = await images.ensure(`oci-layout://${layout}`);
      assert.notEqual(second.id, first.id);
      assert.equal((await images.ensure(`oci-layout://${layout}`, { policy: 'never' })).id, second.id);
    });

    it('takes an archive by its path', async () => {
      const image = await images.ensure(`docker-archive://${busybox.dockerArchive}`);
      assert.deepEqual(image.refs, [`docker-archive://${busybox.dockerArchive}`]);
      await assert.rejects(images.ensure('docker-archive:///nowhere.tar'), { code: 'not-found' });
    });

    it('uses a directory where it lies', async () => {
      const image = await images.ensure(`rootfs://${busybox.rootfs}`);
      assert.deepEqual(image.layers, [busybox.rootfs]);
      assert.match(image.config.Env.join(), /^PATH=/);
      // Tasks ask again by id, also after a restart of the daemon.
      assert.deepEqual((await lab.open().ensure(image.id, { policy: 'never' })).layers, [busybox.rootfs]);
      await assert.rejects(images.ensure('rootfs:///nowhere'), { code: 'not-found' });
      await images.remove(`rootfs://${busybox.rootfs}`);
      assert.ok(readFileSync(join(busybox.rootfs, 'etc/passwd')).length > 0);
    });
  });

  describe('damage', () => {
    /** A layout whose one layer is not what it should be. */
    function damagedLayout(change: (layer: string) => void): string {
      const layout = join(lab.directory, 'damaged');
      cpSync(busybox.layout, layout, { recursive: true });
      const blobs = join(layout, 'blobs/sha256');
      const sizes = execFileSync('ls', ['-S', blobs]).toString().trim().split('\n');
      change(join(blobs, sizes[0] ?? ''));
      return layout;
    }

    for (const [what, change] of [
      ['a byte is wrong', (path: string) => writeFileSync(path, flipByte(readFileSync(path)))],
      ['the end is missing', (path: string) => truncateSync(path, 100_000)],
      ['there is something more', (path: string) => writeFileSync(path, 'more', { flag: 'a' })],
    ] as const) {
      it(`refuses a layer in which ${what}, and leaves nothing`, async () => {
        const layout = damagedLayout(change);
        await assert.rejects(images.ensure(`oci-layout://${layout}`), (error: Error & { code: string }) => {
          assert.match(error.message, /verify layer [0-9a-f]{12}/);
          assert.equal(error.code, 'invalid');
          return true;
        });
        for (const place of ['ingest', 'layers', 'blobs/sha256'] as const) assert.deepEqual(lab.contents(place), []);
      });
    }

    it('refuses a layer that is intact but not the one that the configuration names', async () => {
      const archive = buildTar([
        { name: 'manifest.json', data: '[{"Config":"c.json","RepoTags":["x:1"],"Layers":["l.tar"]}]' },
        { name: 'c.json', data: `{"rootfs":{"type":"layers","diff_ids":["sha256:${'0'.repeat(64)}"]}}` },
        { name: 'l.tar', data: buildTar([{ name: 'x', data: '1' }]) },
      ]);
      await assert.rejects(images.load(streamOf(archive)), /expected sha256:0000/);
      assert.deepEqual([lab.contents('ingest'), lab.contents('layers')], [[], []]);
    });

    it('says so when the disk is full, and leaves nothing', async () => {
      lab.limit('1m');
      await assert.rejects(images.load(busybox.dockerArchive), {
        code: 'exhausted',
        message: /busybox:test.*no space left/,
      });
      for (const place of ['ingest', 'layers', 'blobs/sha256'] as const) assert.deepEqual(lab.contents(place), []);
    });

    it('fetches a stored archive again when the disk has damaged it', async () => {
      const reference = `oci-layout://${busybox.layout}`;
      const image = await images.ensure(reference);
      const [layer = ''] = lab.contents('layers');
      const blob =
        execFileSync('ls', ['-S', join(lab.dataRoot, 'blobs/sha256')])
          .toString()
          .split('\n')[0] ?? '';
      writeFileSync(join(lab.dataRoot, 'blobs/sha256', blob), 'damaged');
      // As after a power failure: the layer is gone, so the image is not complete any more.
      rmSync(join(lab.dataRoot, 'layers', layer), { recursive: true });
      rmSync(join(lab.dataRoot, 'layers', `${layer}.json`), { force: true });
      assert.equal((await lab.open().ensure(reference)).id, image.id);
      assert.match(runIn(image, 'busybox', 'echo', 'hi'), /hi/);
    });
  });

  describe('crashes', () => {
    it('clears away what is not complete, and keeps what is', async () => {
      await images.load(busybox.dockerArchive);
      const [layer = ''] = lab.contents('layers');
      mkdirSync(join(lab.dataRoot, 'layers/0123456789abcdef/etc'), { recursive: true });
      writeFileSync(join(lab.dataRoot, 'layers/fedcba9876543210.json'), '{}');
      mkdirSync(join(lab.dataRoot, 'ingest/layer-abc/etc'), { recursive: true });
      writeFileSync(join(lab.dataRoot, 'ingest/archive-abc'), 'x');
      writeFileSync(join(lab.dataRoot, `ingest/${'a'.repeat(64)}.partial`), 'may be resumed');
      writeFileSync(join(lab.dataRoot, `blobs/sha256/${'b'.repeat(64)}`), 'belongs to no image');
      writeFileSync(join(lab.dataRoot, 'blobs/sha256/x.tmp'), 'half');
      const again = lab.open();
      assert.equal((await again.list()).length, 1);
      assert.match(runIn(await again.ensure('busybox:test', { policy: 'never' }), 'busybox', 'echo', 'hi'), /hi/);
      assert.deepEqual(lab.contents('layers'), [layer, `${layer}.json`]);
      assert.deepEqual(lab.contents('ingest'), [`${'a'.repeat(64)}.partial`]);
      assert.equal(lab.contents('blobs/sha256').length, 3);
    });

    it('trusts layers after a failure of power only when they had reached the disk', async () => {
      await images.load(busybox.dockerArchive);
      await lab.settle();
      const [, name = ''] = lab.contents('layers');
      const path = join(lab.dataRoot, 'layers', name);
      const record = JSON.parse(readFileSync(path, 'utf8')) as { volatileSince: string | null };
      assert.equal(record.volatileSince, null);
      assert.equal((await lab.open().list()).length, 1);
      writeFileSync(path, JSON.stringify({ ...record, volatileSince: 'another boot' }));
      assert.deepEqual(await lab.open().list(), []);
      for (const place of ['ingest', 'layers', 'blobs/sha256'] as const) assert.deepEqual(lab.contents(place), []);
    });

    it('does not show an image whose layer has gone', async () => {
      await images.load(busybox.dockerArchive);
      const [layer = ''] = lab.contents('layers');
      renameSync(join(lab.dataRoot, 'layers', layer), join(lab.directory, 'stolen'));
      const again = lab.open();
      assert.deepEqual(await again.list(), []);
      await again.load(createReadStream(busybox.dockerArchive) as AsyncIterable<Buffer>);
      assert.equal((await again.list()).length, 1);
    });
  });

  describe('remove', () => {
    it('removes names first, and the image with the last one', async () => {
      await images.load(busybox.dockerArchive);
      const image = await images.ensure(`docker-archive://${busybox.dockerArchive}`);
      assert.deepEqual(await images.remove('busybox:test'), ['busybox:test']);
      assert.ok((await images.get(image.id)) !== undefined);
      assert.equal((await images.remove(image.id.slice(7, 19))).at(-1), image.id);
      for (const place of ['ingest', 'layers', 'blobs/sha256'] as const) assert.deepEqual(lab.contents(place), []);
      await assert.rejects(images.remove('busybox:test'), { code: 'not-found' });
    });

    it('keeps what other images need', async () => {
      const [first, second] = await realImages();
      assert.ok(first !== undefined && second !== undefined);
      await images.ensure(`oci-layout://${first.layout}`);
      await images.ensure(`oci-layout://${second.layout}`);
      assert.equal(lab.contents('layers').filter((name) => !name.endsWith('.json')).length, 3);
      await images.remove(`oci-layout://${first.layout}`);
      assert.equal(lab.contents('layers').filter((name) => !name.endsWith('.json')).length, 2);
      const left = await images.ensure(`oci-layout://${second.layout}`, { policy: 'never' });
      assert.ok(left.layers.every((layer) => readFileSync(`${layer}.json`).length > 0));
    });

    it('does not remove what a container uses; force takes the names only', async () => {
      const used = lab.open({ usersOf: () => ['shop-web-1'] });
      const [image] = await used.load(busybox.dockerArchive);
      assert.ok(image !== undefined);
      await assert.rejects(used.remove('busybox:test'), { code: 'conflict', message: /used by shop-web-1/ });
      assert.deepEqual(await used.remove('busybox:test', { force: true }), ['busybox:test']);
      assert.match(runIn(await used.ensure(image.id, { policy: 'never' }), 'busybox', 'echo', 'hi'), /hi/);
    });
  });

  describe('many at once', () => {
    it('does the same work once', async () => {
      const events: ImageEvent[] = [];
      const reference = `oci-layout://${busybox.layout}`;
      const listen = (): ImageListener => (event) => void events.push(event);
      const all = await Promise.all(
        Array.from({ length: 20 }, () => images.ensure(reference, { onProgress: listen() })),
      );
      assert.equal(new Set(all.map(({ id }) => id)).size, 1);
      assert.equal(events.filter(({ status }) => status === 'waiting').length, 20, 'each hears of one download');
      assert.deepEqual(lab.contents('ingest'), []);
    });

    it('unpacks a layer once for two images that have it', async () => {
      const [first, second] = await realImages();
      assert.ok(first !== undefined && second !== undefined);
      const [one, two] = await Promise.all([
        images.ensure(`oci-layout://${first.layout}`),
        images.ensure(`oci-layout://${second.layout}`),
      ]);
      assert.equal(one.layers.at(-1), two.layers.at(-1));
      assert.deepEqual(lab.contents('ingest'), []);
    });

    it('stops when the only one who wanted the image gives up, and leaves no half image', async () => {
      const [first] = await realImages();
      const over = new AbortController();
      const onProgress = ({ status }: ImageEvent): void => {
        if (status === 'downloading') over.abort();
      };
      const reference = `oci-layout://${(first as TestImage).layout}`;
      await assert.rejects(images.ensure(reference, { signal: over.signal, onProgress }), { name: 'AbortError' });
      assert.equal(await images.get(reference), undefined);
      await images.ensure(reference);
      assert.equal((await images.list()).length, 1);
    });

    it('answers for an image that is here without touching the disk', async () => {
      await images.load(busybox.dockerArchive);
      rmSync(join(lab.dataRoot, 'blobs'), { recursive: true });
      const started = calmMs();
      for (let count = 0; count < 10_000; count += 1) await images.ensure('busybox:test');
      assert.ok(calmMs() - started < 2000);
    });
  });

  it('refuses what is not here when it must not get it', async () => {
    await assert.rejects(images.ensure('nothing:1', { policy: 'never' }), {
      code: 'not-found',
      message: 'get image nothing:1: it is not on this host',
    });
    await assert.rejects(images.ensure(`sha256:${'0'.repeat(64)}`), { code: 'not-found' });
  });
});

function flipByte(data: Buffer): Buffer {
  data.writeUInt8(data.readUInt8(50_000) ^ 0xff, 50_000);
  return data;
}
