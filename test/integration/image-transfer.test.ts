/** Images between nodes: a real manager, and nodes that have nothing but images. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { digestHex, requireDigest } from '../../agents/host/images/formats/digest.ts';
import { ObjectView } from '../../src/cli/tasks/object-view.ts';
import { Manager } from '../../src/manager/manager.ts';
import { TsstackError } from '../../src/model/errors.ts';
import type { PullPolicy } from '../../src/model/spec.ts';
import { connectControl } from '../../src/rpc/client.ts';
import { serve, serveControl, serveDispatcher, type RunningServer } from '../../src/rpc/server.ts';
import type { ControlClient } from '../../src/rpc/service-types.ts';
import { busyboxImage, type SmallImage } from '../fixtures/images.ts';
import { heavyArchive } from '../fixtures/images/heavy.ts';
import { startRegistry, type Registry } from '../fixtures/registry.ts';
import { deploySpec, serviceSpec, stackSpec } from '../fixtures/specs.ts';
import { ImageNode } from '../support/image-node.ts';
import { until } from '../support/test-host.ts';

const megabyte = 2 ** 20;

describe('images between nodes', () => {
  let directory: string;
  let archive: string;
  let busybox: SmallImage;
  let address: string;
  let manager: Manager;
  let server: RunningServer;
  let control: ControlClient;
  let nodes: ImageNode[];
  const errors: unknown[] = [];

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-transfer-'));
    mkdirSync(join(directory, 'image'));
    archive = await heavyArchive(join(directory, 'image'), 'heavy:test', { layers: 2, megabytes: 4 });
    busybox = await busyboxImage();
  });
  after(() => rmSync(directory, { recursive: true }));
  beforeEach(async () => {
    const root = mkdtempSync(join(directory, 'manager-'));
    address = `unix://${join(root, 'sock')}`;
    const onError = (error: unknown): void => void errors.push(error);
    const options = { dataRoot: root, runRoot: root, version: '0', onError, ownNodeId: () => 'm1' };
    manager = await Manager.start(options);
    server = await listen();
    control = await connectControl(address);
    nodes = [];
  });
  afterEach(async () => {
    for (const node of nodes) await node.leave();
    control.close();
    await server.stop(0);
    await manager.stop();
    assert.deepEqual(errors.splice(0), []);
  });

  const listen = (): Promise<RunningServer> =>
    serve(address, [serveControl(manager.control), serveDispatcher(manager.dispatcher)]);

  /** Breaks all connections to the manager, which can be reached again at once. */
  async function cut(): Promise<void> {
    await server.stop(0);
    server = await listen();
  }

  async function joined(name: string, room?: string): Promise<ImageNode> {
    const node = new ImageNode(name, room);
    nodes.push(node);
    await node.join(address);
    return node;
  }

  /** Has a container on each of these nodes that needs the image. */
  async function need(image: string, ...names: readonly string[]): Promise<void> {
    const services = names.map((name) =>
      serviceSpec(`on-${name}`, {
        image,
        networkMode: { kind: 'none' },
        networks: [],
        deploy: deploySpec({
          placement: {
            constraints: [{ key: 'node.hostname', operator: '==', value: name }],
            spread: [],
            maxReplicasPerNode: null,
            architecture: null,
          },
        }),
      }),
    );
    await control.applyStack({ spec: JSON.stringify(stackSpec(services)) });
    const view = new ObjectView();
    for await (const message of control.watch({ stack: '', kinds: ['task'] }, { deadlineMs: 60_000 })) {
      view.apply(message);
      if (message.synced && view.tasks.length > 0 && view.tasks.every(({ nodeId }) => nodeId !== null)) return;
    }
  }

  const ensure = (
    node: ImageNode,
    image: string,
    policy: PullPolicy = 'missing',
    signal = AbortSignal.timeout(30_000),
  ): Promise<{ id: string; layers: readonly string[] }> => node.hostImages.ensure(image, policy, signal);

  function checkSame(a: readonly string[], b: readonly string[]): void {
    assert.equal(a.length, b.length);
    for (const [index, layer] of a.entries()) execFileSync('diff', ['-r', '--no-dereference', layer, b[index] ?? '']);
  }

  it('what was loaded on one node comes to one that needs it, and to no other', async () => {
    const [m1, w1, w2] = [await joined('m1'), await joined('w1'), await joined('w2')];
    const [loaded] = await m1.images.load(archive);
    await need('heavy:test', 'w1');
    const image = await ensure(w1, 'heavy:test', 'never');
    assert.equal(image.id, loaded?.id);
    checkSame(image.layers, loaded?.layers ?? []);
    assert.deepEqual(w1.lab.contents('blobs/sha256'), m1.lab.contents('blobs/sha256'));
    assert.deepEqual(w1.lab.contents('ingest'), []);
    // The name is the same there from now on.
    assert.equal(w1.images.idOf('heavy:test'), loaded?.id);

    await assert.rejects(ensure(w2, 'heavy:test', 'never'), /no container of this node needs image heavy:test/);
    const stolen = { image: requireDigest(image.id, 'the image'), digest: null, offset: 0 };
    const reading = w2.link.open({ nodeId: 'm1', hostname: 'm1' }, stolen, AbortSignal.timeout(10_000)).next();
    await assert.rejects(reading, /no container of this node needs image sha256/);
  });

  it('a cut in the middle: the rest is fetched, not the whole', async () => {
    const [m1, w1] = [await joined('m1'), await joined('w1')];
    await m1.images.load(archive);
    const offsets: number[] = [];
    let isCut = false;
    m1.images.serve = (honest) => async (image, digest, offset) => {
      offsets.push(offset);
      return halt(await honest(image, digest, offset), 3 * megabyte, async () => {
        if (isCut) return;
        await arrived(w1, digest, megabyte, () => isCut);
        if (isCut) return;
        isCut = true;
        await cut();
      });
    };
    await need('heavy:test', 'w1');
    const image = await ensure(w1, 'heavy:test');
    assert.ok(isCut);
    assert.ok(
      offsets.some((offset) => offset > 0),
      `${offsets.join()}: nothing was resumed`,
    );
    checkSame(image.layers, (await m1.images.get('heavy:test'))?.layers ?? []);
  });

  it('wrong bytes are found out, and another node that has the image is asked', async () => {
    const [m1, w1, w2] = [await joined('m1'), await joined('w1'), await joined('w2')];
    for (const node of [m1, w2]) await node.images.load(archive);
    m1.images.serve = (honest) => async (image, digest, offset) =>
      digest === null || digest === image ? honest(image, digest, offset) : flip(await honest(image, digest, offset));
    await need('heavy:test', 'w1');
    const image = await ensure(w1, 'heavy:test');
    checkSame(image.layers, (await w2.images.get('heavy:test'))?.layers ?? []);
    assert.deepEqual(w1.lab.contents('blobs/sha256'), w2.lab.contents('blobs/sha256'));
  });

  it('nothing is left of wrong bytes when there is no other node, and the error names the one that sent them', async () => {
    const [m1, w1] = [await joined('m1'), await joined('w1')];
    await m1.images.load(archive);
    m1.images.serve =
      (honest) =>
      async (...wanted) =>
        flip(await honest(...wanted));
    await need('heavy:test', 'w1');
    await assert.rejects(ensure(w1, 'heavy:test'), /get image heavy:test \([0-9a-f]{12}\).*node m1: .*(verify|read) /);
    assert.deepEqual([...w1.lab.contents('layers'), ...w1.lab.contents('ingest')], []);
  });

  it('a node that announces or sends more than the image has is found out before the disk is full of it', async () => {
    const [m1, w1] = [await joined('m1'), await joined('w1')];
    await m1.images.load(archive);
    await need('heavy:test', 'w1');
    await w1.link.findImage('heavy:test', false, AbortSignal.timeout(10_000));
    const bomb = gzipSync(Buffer.alloc(64 * megabyte));
    const lie = (layer: object): ((honest: ImageNode['images']['content']) => ImageNode['images']['content']) => {
      return (honest) => async (image, digest, offset) => {
        if (digest !== null && digest !== image) return pieces(bomb.subarray(offset));
        if (digest === image) return honest(image, digest, offset);
        const manifest = JSON.parse((await buffer(await honest(image, digest, offset))).toString()) as Manifest;
        return pieces(
          Buffer.from(JSON.stringify({ ...manifest, layers: manifest.layers.map((one) => ({ ...one, ...layer })) })),
        );
      };
    };
    m1.images.serve = lie({ size: 1e13 });
    await assert.rejects(ensure(w1, 'heavy:test'), /node m1: verify layer .*: expected \d+ bytes at most, found 1e?0+/);
    assert.deepEqual(w1.lab.contents('ingest'), []);
    const digest = `sha256:${createHash('sha256').update(bomb).digest('hex')}`;
    m1.images.serve = lie({ size: bomb.length, digest, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' });
    await assert.rejects(ensure(w1, 'heavy:test'), /node m1: .*layer has more than the \d+ bytes that it may have/);
    assert.deepEqual([...w1.lab.contents('layers'), ...w1.lab.contents('ingest')], []);
  });

  it('two nodes fetch at once', async () => {
    const [m1, w1, w2] = [await joined('m1'), await joined('w1'), await joined('w2')];
    const [loaded] = await m1.images.load(archive);
    await need('heavy:test', 'w1', 'w2');
    const images = await Promise.all([w1, w2, w1].map((node) => ensure(node, 'heavy:test')));
    assert.deepEqual(
      images.map(({ id }) => id),
      [loaded?.id, loaded?.id, loaded?.id],
    );
  });

  it('a cancelled one ends at the other node too, and goes on later where it was', async () => {
    const [m1, w1] = [await joined('m1'), await joined('w1')];
    await m1.images.load(archive);
    await need('heavy:test', 'w1');
    const over = new AbortController();
    const ended = Promise.withResolvers<void>();
    const offsets: number[] = [];
    m1.images.serve = (honest) => async (image, digest, offset) => {
      offsets.push(offset);
      const onHalt = async (): Promise<void> => {
        if (over.signal.aborted) return;
        await arrived(w1, digest, megabyte, () => over.signal.aborted);
        over.abort();
      };
      return halt(await honest(image, digest, offset), 3 * megabyte, onHalt, ended.resolve);
    };
    await assert.rejects(ensure(w1, 'heavy:test', 'missing', over.signal), { name: 'AbortError' });
    await ended.promise;
    const partial = w1.lab.contents('ingest');
    assert.ok(partial.length > 0 && partial.every((name) => name.endsWith('.partial')), partial.join());
    offsets.length = 0;
    await ensure(w1, 'heavy:test');
    assert.ok(offsets.some((offset) => offset > 0));
  });

  it('a full disk at the receiver is said, and leaves nothing', async () => {
    const [m1, w1] = [await joined('m1'), await joined('w1', '8m')];
    await m1.images.load(archive);
    await need('heavy:test', 'w1');
    await assert.rejects(
      ensure(w1, 'heavy:test'),
      (error) =>
        error instanceof TsstackError && error.code === 'exhausted' && /no space left on the disk/.test(error.message),
    );
    assert.deepEqual([...w1.lab.contents('layers'), ...w1.lab.contents('ingest')], []);
  });

  it('what only a lost node has is said with its name', async () => {
    const [m1, w1] = [await joined('m1'), await joined('w1')];
    await joined('w2');
    await m1.images.load(archive);
    await need('heavy:test', 'w1', 'w2');
    await w1.link.findImage('heavy:test', false, AbortSignal.timeout(10_000));
    await m1.leave();
    nodes = nodes.filter((node) => node !== m1);
    const hint = /bring that node back, or bring the image to a manager again/;
    await assert.rejects(ensure(w1, 'heavy:test'), (error) => {
      assert.ok(error instanceof TsstackError);
      assert.match(
        error.message,
        /get image heavy:test \([0-9a-f]{12}\): it is only on m1, which (is not connected|is down since \S+)/,
      );
      return hint.test(error.hint ?? '');
    });
  });

  it('a node that is cut off while it is asked for a name is asked again, and so is the manager', async () => {
    const [, w1, w2] = [await joined('m1'), await joined('w1'), await joined('w2')];
    const [loaded] = await w2.images.load(archive);
    await need('heavy:test', 'w1');
    const { images } = w2;
    const honest = images.findHere.bind(images);
    let asked = 0;
    images.findHere = async (...question) => {
      asked += 1;
      if (asked === 1) await cut();
      return await honest(...question);
    };
    const said: string[] = [];
    const signal = AbortSignal.timeout(30_000);
    const image = await w1.hostImages.ensure('heavy:test', 'never', signal, (text) => said.push(text));
    assert.equal(image.id, loaded?.id);
    assert.ok(asked > 1);
    assert.match(said[0] ?? '', /; it is asked again$/);
  });

  it('what a new load has given the name to is what `up` goes by', async () => {
    const [m1, w1] = [await joined('m1'), await joined('w1')];
    await m1.images.load(archive);
    await need('heavy:test', 'w1');
    const old = await ensure(w1, 'heavy:test');
    const [other] = await m1.images.load(busybox.dockerArchive);
    await m1.images.import(singleFile(directory), 'heavy:test');
    assert.equal((await ensure(w1, 'heavy:test')).id, old.id);
    await need('heavy:test', 'w1');
    const renewed = await ensure(w1, 'heavy:test');
    assert.equal(renewed.id, m1.images.idOf('heavy:test'));
    assert.notEqual(renewed.id, old.id);
    assert.notEqual(renewed.id, other?.id);
  });

  describe('of a registry', () => {
    let registry: Registry;
    before(async () => (registry = await startRegistry()));
    after(() => registry.stop());

    it('every node gets what the name meant when the first one asked, and one that cannot reach the registry from a node that has it', async () => {
      const own = await startRegistry();
      const reference = await own.push(busybox);
      const [m1, w1, w2] = [await joined('m1'), await joined('w1'), await joined('w2')];
      await need(reference, 'w1', 'w2');
      const first = await ensure(w1, reference);
      // Nobody but the nodes that run it has it.
      assert.equal(m1.images.idOf(reference), null);
      await own.stop();
      const second = await ensure(w2, reference);
      assert.equal(second.id, first.id);
      // A13: it is there, and the registry is away.
      assert.equal((await ensure(w1, reference)).id, first.id);
      assert.equal((await ensure(w1, reference, 'always')).id, first.id);
    });

    it('an image that does not exist is refused with what the registry says, and asked for again the next time', async () => {
      const reference = `${registry.host}/nothing:here`;
      const [, w1] = [await joined('m1'), await joined('w1')];
      await need(reference, 'w1');
      await assert.rejects(ensure(w1, reference), /get image .*nothing:here: registry \S+ does not have it/);
      await assert.rejects(ensure(w1, reference), /does not have it/);
      await assert.rejects(ensure(w1, reference, 'never'), /no node of the cluster has it, and pull_policy is never/);
    });
  });
});

/** Waits in the middle of a stream, and tells when it has ended, also before its time. */
async function* halt(
  stream: AsyncIterable<Uint8Array>,
  after: number,
  onHalt: () => Promise<void>,
  onEnd: () => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  try {
    for await (const chunk of stream) {
      yield chunk;
      const before = sent;
      sent += chunk.length;
      if (before < after && sent >= after) await onHalt();
    }
  } finally {
    onEnd();
  }
}

/** Resolves when so many bytes of a layer are on the disk of a node that has not got the whole yet, or when that is of no interest any more. */
async function arrived({ lab }: ImageNode, digest: string | null, bytes: number, isOver: () => boolean): Promise<void> {
  const partial = join(lab.dataRoot, 'ingest', `${digestHex(requireDigest(digest ?? '', 'the layer'))}.partial`);
  await until(
    () => Promise.resolve(statSync(partial, { throwIfNoEntry: false })?.size ?? 0),
    (found) => found >= bytes || isOver(),
  );
}

interface Manifest {
  readonly layers: readonly object[];
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 64 * 1024) yield await Promise.resolve(bytes.subarray(at, at + 64 * 1024));
}

/** Changes a bit of each piece. */
async function* flip(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    const changed = Buffer.from(chunk);
    changed[0] = (changed[0] ?? 0) ^ 1;
    yield changed;
  }
}

/** A root file system of one file. */
async function* singleFile(directory: string): AsyncGenerator<Uint8Array> {
  const content = mkdtempSync(join(directory, 'root-'));
  execFileSync('sh', ['-c', `echo other > "${content}/file"`]);
  const tar = execFileSync('tar', ['-C', content, '-cf', '-', '.']);
  yield await Promise.resolve(tar);
}
