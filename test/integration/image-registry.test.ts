import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { ImageService } from '../../agents/host/images/image-service.ts';
import { defaultDeadlines } from '../../agents/host/images/registry/deadlines.ts';
import type { Image, ImageEvent } from '../../agents/host/images/types.ts';
import { busyboxImage, realImages } from '../fixtures/images.ts';
import type { SmallImage, TestImage } from '../fixtures/images.ts';
import { startRegistry } from '../fixtures/registry.ts';
import type { Registry } from '../fixtures/registry.ts';
import { FakeRegistry, forward } from '../support/fake-registry.ts';
import { ImageLab } from '../support/image-lab.ts';

const deadlines = { ...defaultDeadlines, retryMs: 20 };
/** Of those who wait for a registry that hangs. */
const shortDeadlines = { connectMs: 1500, idleMs: 1500, retryMs: 20 };
const places = ['ingest', 'layers', 'blobs/sha256'] as const;

function digestOfLayers(image: Image): string {
  // What tar makes of the layers, without what differs between two unpackings.
  const listing = image.layers.map((layer) => {
    const format = '%P %y %m %U %G %s %T@ %l\\n';
    return execFileSync('find', [layer, '-printf', format]).toString('latin1').split('\n').toSorted().join('\n');
  });
  return createHash('sha256').update(listing.join('\n')).digest('hex');
}

describe('images from registries', function () {
  this.timeout(300_000);
  let registry: Registry;
  let lab: ImageLab;
  let images: ImageService;
  let busybox: SmallImage;
  let nginx: TestImage;
  let reference = '';
  let nginxReference = '';
  const fakes: FakeRegistry[] = [];

  before(async () => {
    busybox = await busyboxImage();
    const [first] = await realImages();
    assert.ok(first !== undefined);
    nginx = first;
    registry = await startRegistry();
    reference = await registry.push(busybox);
    nginxReference = await registry.push(nginx);
  });
  after(() => registry.stop());
  beforeEach(() => {
    lab = new ImageLab();
    images = lab.open({ deadlines });
  });
  afterEach(async () => {
    await lab.close();
    for (const fake of fakes.splice(0)) await fake.stop();
  });

  async function fake(handler: Parameters<typeof FakeRegistry.start>[0]): Promise<FakeRegistry> {
    const started = await FakeRegistry.start(handler);
    fakes.push(started);
    return started;
  }
  const via = (proxy: FakeRegistry, text: string): string => text.replace(registry.host, proxy.host);
  const isLayer = (url: string | undefined): boolean => /\/blobs\//.test(url ?? '');
  const assertNothingLeft = (): void => {
    for (const place of places) assert.deepEqual(lab.contents(place), [], place);
  };

  describe('pull', () => {
    it('gets an image that is the same as the one from its layout', async () => {
      const events: ImageEvent[] = [];
      const pulled = await images.ensure(nginxReference, { onProgress: (event) => events.push(event) });
      const local = new ImageLab();
      try {
        const fromLayout = await local.open().ensure(`oci-layout://${nginx.layout}`);
        assert.equal(pulled.id, fromLayout.id);
        assert.equal(digestOfLayers(pulled), digestOfLayers(fromLayout));
      } finally {
        await local.close();
      }
      assert.deepEqual(pulled.refs, [nginxReference]);
      for (const status of ['resolving', 'downloading', 'done'])
        assert.ok(events.some((event) => event.status === status));
    });

    it('asks the registry for the manifest only when the image is up to date', async () => {
      const proxy = await fake((request, response) => forward(registry.host, request, response));
      await images.ensure(via(proxy, reference));
      proxy.requests.length = 0;
      await images.ensure(via(proxy, reference), { policy: 'always' });
      assert.deepEqual(
        proxy.requests.map(({ line }) => line),
        ['GET /v2/busybox/manifests/test'],
      );
      await images.ensure(via(proxy, reference));
      assert.equal(proxy.requests.length, 1);
    });

    it('pulls by digest, and not what has another one', async () => {
      const index = JSON.parse(readFileSync(join(busybox.layout, 'index.json'), 'utf8')) as {
        manifests: { digest: string }[];
      };
      const digest = index.manifests[0]?.digest ?? '';
      const image = await images.ensure(`${registry.host}/busybox@${digest}`);
      assert.deepEqual(image.refs, [`${registry.host}/busybox@${digest}`]);
      const other = `sha256:${'1'.repeat(64)}`;
      const liar = await fake((request, response) => {
        request.url = request.url?.replace(other, digest) ?? '';
        forward(registry.host, request, response);
      });
      await assert.rejects(images.ensure(`${liar.host}/busybox@${other}`), {
        code: 'invalid',
        message: /expected sha256:1111/,
      });
    });

    it('says when the registry does not have it, naming the image and what to do', async () => {
      await assert.rejects(images.ensure(`${registry.host}/nothing:1`), {
        name: 'ImageNotFoundError',
        message: `get image ${registry.host}/nothing:1: registry ${registry.host} does not have it`,
        hint: /check the name/,
      });
      assertNothingLeft();
    });

    it('says when nothing answers there', async () => {
      await assert.rejects(images.ensure('127.0.0.1:9/x:1'), {
        code: 'unavailable',
        message: /127\.0\.0\.1:9\/x:1.*nothing answers there/,
      });
    });

    it('says when the disk is full, and leaves nothing', async () => {
      lab.limit('20m');
      await assert.rejects(lab.open({ deadlines }).ensure(nginxReference), {
        code: 'exhausted',
        message: /no space left/,
      });
      assertNothingLeft();
    });

    it('takes the entry of an index that fits this host', async () => {
      const manifest = JSON.parse(readFileSync(join(busybox.layout, 'index.json'), 'utf8')) as { manifests: object[] };
      const own = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
      const foreign = {
        ...manifest.manifests[0],
        digest: `sha256:${'2'.repeat(64)}`,
        platform: { os: 'linux', architecture: 's390x' },
      };
      const index = { schemaVersion: 2, manifests: [foreign, { ...manifest.manifests[0], platform: own }] };
      const proxy = await fake((request, response) => {
        if (request.url !== '/v2/busybox/manifests/multi') return forward(registry.host, request, response);
        response.setHeader('content-type', 'application/vnd.oci.image.index.v1+json');
        response.end(JSON.stringify(index));
      });
      assert.equal((await images.ensure(`${proxy.host}/busybox:multi`)).platform, `linux/${own.architecture}`);
    });

    it('does not read manifests without end', async () => {
      const proxy = await fake((_request, response) => {
        const more = (): void =>
          void response.write(Buffer.alloc(65_536, ' '), (error) => (error ? undefined : more()));
        more();
      });
      await assert.rejects(images.ensure(`${proxy.host}/busybox:test`), /more than 4194304 bytes/);
    });
  });

  describe('damage on the way', () => {
    it('refuses a corrupt layer and leaves nothing', async () => {
      const proxy = await fake((request, response) =>
        forward(registry.host, request, response, (chunk) => {
          if (isLayer(request.url) && chunk.length > 5000) chunk.writeUInt8(chunk.readUInt8(2000) ^ 1, 2000);
          return chunk;
        }),
      );
      await assert.rejects(images.ensure(via(proxy, reference)), {
        code: 'invalid',
        message: /verify layer [0-9a-f]{12} of 127\.0\.0\.1:\d+\/busybox:test: expected sha256:/,
        hint: /damaged/,
      });
      assert.equal(await images.get(via(proxy, reference)), undefined);
      assertNothingLeft();
    });

    it('takes up a download where the connection was cut, however often', async () => {
      let cuts = 0;
      const proxy = await fake((request, response) => {
        let passed = 0;
        forward(registry.host, request, response, (chunk) => {
          passed += chunk.length;
          if (!isLayer(request.url) || passed < 200_000) return chunk;
          cuts += 1;
          return null;
        });
      });
      const image = await images.ensure(via(proxy, reference));
      assert.ok(cuts >= 3, `${cuts} cuts`);
      assert.match(execFileSync('chroot', [image.layers[0] ?? '', 'busybox', 'echo', 'whole']).toString(), /whole/);
      const ranges = proxy.requests.flatMap(({ headers }) => headers.range ?? []);
      assert.ok(ranges.length >= 3 && ranges.every((range) => /^bytes=[1-9]\d*-$/.test(range)), ranges.join());
      assert.deepEqual(lab.contents('ingest'), []);
    });

    it('copes with a registry that knows no ranges', async () => {
      let isCut = false;
      const proxy = await fake((request, response) => {
        delete request.headers.range;
        let passed = 0;
        forward(registry.host, request, response, (chunk) => {
          passed += chunk.length;
          if (!isLayer(request.url) || passed < 200_000 || isCut) return chunk;
          isCut = true;
          return null;
        });
      });
      await images.ensure(via(proxy, reference));
      assert.ok(isCut);
    });

    it('resumes what an earlier daemon had begun, and does not trust it', async () => {
      const hangUp = await fake((request, response) => {
        let passed = 0;
        forward(registry.host, request, response, (chunk) => {
          passed += chunk.length;
          return isLayer(request.url) && passed > 500_000 ? null : chunk;
        });
      });
      // Without progress between failures it gives up: the last attempts get nothing at all.
      const stubborn = via(hangUp, reference);
      await hangUp.stop();
      await assert.rejects(images.ensure(stubborn), { code: 'unavailable' });

      const layer = largestBlob(busybox.layout);
      const whole = readFileSync(layer.path);
      const partial = join(lab.dataRoot, 'ingest', `${layer.hex}.partial`);
      writeFileSync(partial, whole.subarray(0, 300_000));
      const proxy = await fake((request, response) => forward(registry.host, request, response));
      await lab.open({ deadlines }).ensure(via(proxy, reference));
      assert.ok(proxy.requests.some(({ headers }) => headers.range === 'bytes=300000-'));

      await lab.settle();
      rmSync(lab.dataRoot, { recursive: true });
      mkdirSync(join(lab.dataRoot, 'ingest'), { recursive: true });
      writeFileSync(partial, Buffer.alloc(300_000, 'forged'));
      const forged = lab.open({ deadlines });
      await assert.rejects(forged.ensure(reference), /expected sha256:/);
      assertNothingLeft();
      await forged.ensure(reference);
    });

    it('tries again when the registry fails for a moment', async () => {
      let failures = 0;
      const proxy = await fake((request, response) => {
        failures += 1;
        if (failures % 2 === 1) response.writeHead(503).end();
        else forward(registry.host, request, response);
      });
      await images.ensure(via(proxy, reference));
    });

    it('gives up when the registry keeps failing, and says what it answers', async () => {
      const proxy = await fake((_request, response) => response.writeHead(500).end());
      await assert.rejects(images.ensure(via(proxy, reference)), { code: 'unavailable', message: /answers 500/ });
      assert.equal(proxy.requests.length, 5);
    });
  });

  describe('registries that hang', () => {
    beforeEach(() => {
      images = lab.open({ deadlines: shortDeadlines });
    });

    it('ends the wait for a connection', async () => {
      const child = spawn('python3', ['-c', deafListener], { stdio: ['pipe', 'pipe', 'inherit'] });
      try {
        const [port] = (await once(child.stdout, 'data')) as [Buffer];
        await assert.rejects(images.ensure(`127.0.0.1:${port.toString().trim()}/x:1`), {
          code: 'timeout',
          message: /no connection within 1.5 s/,
        });
      } finally {
        child.kill('SIGKILL');
      }
    });

    it('ends the wait for an answer', async () => {
      const proxy = await fake(() => undefined);
      await assert.rejects(images.ensure(via(proxy, reference)), {
        code: 'timeout',
        retryable: true,
        message: new RegExp(`${proxy.host}/busybox:test.*no answer within 1.5 s`),
        hint: /what was downloaded so far is kept/,
      });
      assertNothingLeft();
    });

    it('ends the wait in the middle of a layer, keeps what came, and goes on from there later', async () => {
      let isHanging = true;
      const proxy = await fake((request, response) => {
        let passed = 0;
        forward(registry.host, request, response, (chunk) => {
          passed += chunk.length;
          return isHanging && isLayer(request.url) && passed > 400_000 ? Buffer.alloc(0) : chunk;
        });
      });
      await assert.rejects(images.ensure(via(proxy, reference)), {
        code: 'timeout',
        message: /nothing received for 1.5 s/,
      });
      const [partial = ''] = lab.contents('ingest');
      assert.match(partial, /\.partial$/);
      const kept = statSync(join(lab.dataRoot, 'ingest', partial)).size;
      assert.ok(kept > 0);
      assert.deepEqual([lab.contents('layers'), lab.contents('blobs/sha256')], [[], []]);
      isHanging = false;
      await lab.open({ deadlines }).ensure(via(proxy, reference));
      assert.ok(proxy.requests.some(({ headers }) => headers.range === `bytes=${kept}-`));
    });

    it('stops at once when the user gives up', async () => {
      const proxy = await fake(() => undefined);
      const over = new AbortController();
      const pulling = images.ensure(via(proxy, reference), { signal: over.signal });
      over.abort();
      await assert.rejects(pulling, { name: 'AbortError' });
    });
  });

  describe('logins', () => {
    const savedConfig = process.env['DOCKER_CONFIG'];
    afterEach(() => {
      if (savedConfig === undefined) delete process.env['DOCKER_CONFIG'];
      else process.env['DOCKER_CONFIG'] = savedConfig;
    });
    function logIn(host: string, login: string): void {
      process.env['DOCKER_CONFIG'] = lab.directory;
      const auth = Buffer.from(login).toString('base64');
      writeFileSync(join(lab.directory, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
    }

    it('uses the password of docker login, and says when it is missing or wrong', async () => {
      // "tests:secret" with bcrypt, as htpasswd -B writes it.
      const hash = execFileSync('python3', ['-c', bcryptScript, 'secret']).toString().trim();
      const locked = await startRegistry({ htpasswd: `tests:${hash}\n` });
      try {
        const lockedReference = await locked.push(busybox, 'tests:secret');
        logIn('elsewhere.example', 'tests:secret');
        await assert.rejects(images.ensure(lockedReference), { code: 'permission', hint: /docker login/ });
        logIn(locked.host, 'tests:wrong');
        await assert.rejects(images.ensure(lockedReference), (error: Error) => {
          assert.doesNotMatch(JSON.stringify(error) + error.message, /wrong/);
          return true;
        });
        logIn(locked.host, 'tests:secret');
        assert.equal((await images.ensure(lockedReference)).refs[0], lockedReference);
      } finally {
        await locked.stop();
      }
    });

    it('gets a token where the registry says, uses it for all requests, and renews it when refused', async () => {
      let issued = 0;
      const tokens = await fake((_request, response) => {
        issued += 1;
        response.end(JSON.stringify({ token: `token-${issued}`, expires_in: 300 }));
      });
      const proxy = await fake((request, response) => {
        const isExpired = request.headers.authorization === 'Bearer token-1' && isLayer(request.url);
        if (request.headers.authorization?.startsWith('Bearer token-') === true && !isExpired) {
          return forward(registry.host, request, response);
        }
        const challenge = `Bearer realm="http://${tokens.host}/token",service="tests",scope="repository:busybox:pull"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
      });
      logIn(proxy.host, 'me:secret');
      await images.ensure(via(proxy, reference));
      assert.equal(issued, 2);
      const [asked] = tokens.requests;
      assert.equal(asked?.line, 'GET /token?service=tests&scope=repository%3Abusybox%3Apull');
      assert.equal(asked?.headers.authorization, `Basic ${Buffer.from('me:secret').toString('base64')}`);
    });

    it('does not show its token to the storage that it is redirected to', async () => {
      const storage = await fake((request, response) => forward(registry.host, request, response));
      const proxy = await fake((request, response) => {
        if (request.headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
        } else if (isLayer(request.url)) {
          response.writeHead(307, { location: `http://${storage.host}${request.url}` }).end();
        } else forward(registry.host, request, response);
      });
      logIn(proxy.host, 'me:secret');
      await images.ensure(via(proxy, reference));
      assert.ok(storage.requests.length >= 2);
      for (const { headers } of storage.requests) assert.equal(headers.authorization, undefined);
    });

    it('does not go round in circles', async () => {
      const proxy = await fake((request, response) => response.writeHead(302, { location: request.url ?? '' }).end());
      await assert.rejects(images.ensure(via(proxy, reference)), /redirects in circles/);
    });
  });
});

/** A listener with a full queue: connections are neither accepted nor refused. */
const deafListener = `
import socket, sys
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen(0)
waiting = [socket.socket() for _ in range(4)]
for each in waiting:
    each.setblocking(False)
    each.connect_ex(server.getsockname())
print(server.getsockname()[1], flush=True)
sys.stdin.read()
`;

const bcryptScript = `
import ctypes, sys
crypt = ctypes.CDLL('libcrypt.so.1').crypt
crypt.restype = ctypes.c_char_p
print(crypt(sys.argv[1].encode(), b'$2y$05$' + b'abcdefghijklmnopqrstuu').decode())
`;

function largestBlob(layout: string): { readonly hex: string; readonly path: string } {
  const blobs = join(layout, 'blobs/sha256');
  const [hex = ''] = execFileSync('ls', ['-S', blobs]).toString().split('\n');
  return { hex, path: join(blobs, hex) };
}
