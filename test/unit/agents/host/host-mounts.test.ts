import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TsstackError } from '../../../../src/model/errors.ts';
import { NativeError } from '../../../../agents/host/native/native-error.ts';
import { HostMounts } from '../../../../agents/host/volumes/host-mounts.ts';

describe('mounts on the host', () => {
  const filesystem = { type: 'tmpfs', device: 'tmpfs', options: ['size=1m'] };
  let root: string;
  let mounted: Set<string>;
  let options: readonly string[];
  let failure: Error | null;

  function make(target: string): void {
    mkdirSync(target);
    mounted.add(target);
  }

  /** As a daemon that has just started sees them. */
  function open(): HostMounts {
    const program = {
      mount: async (wanted: typeof filesystem, to: string) => {
        if (failure !== null) throw failure;
        options = wanted.options;
        mounted.add(to);
      },
      mountPart: async (_root: string, _path: string, to: string) => make(to),
      mountImage: async (_layers: readonly string[], _path: string, to: string) => make(to),
      unmount: async (paths: readonly string[]) => {
        for (const path of paths) {
          mounted.delete(path);
          rmSync(path, { recursive: true, force: true });
        }
      },
    };
    return new HostMounts({ volumes: join(root, 'volumes'), containers: join(root, 'mounts') }, program);
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tsstack-mounts-'));
    mounted = new Set();
    failure = null;
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('of a volume stay until its last user goes, whatever daemon is asked', async () => {
    const directory = await open().attachVolume('v', filesystem, 'a');
    assert.equal(await open().attachVolume('v', filesystem, 'b'), directory);
    assert.deepEqual([...(await open().listUsers())].sort(), ['a', 'b']);
    await open().release('a');
    await open().release('a');
    assert.ok(mounted.has(directory));
    await open().release('b');
    assert.equal(mounted.size, 0);
    assert.deepEqual(readdirSync(join(root, 'volumes')), []);
  });

  it('of one container go with it, those of others stay', async () => {
    const mounts = open();
    mkdirSync(join(root, 'data'));
    const part = await mounts.mountPart('a', 0, join(root, 'data'), 'x');
    const image = await mounts.mountImage('b', 0, ['/layer'], null);
    await mounts.release('a');
    assert.deepEqual([...mounted], [image]);
    assert.ok(!existsSync(join(part, '..')));
    assert.deepEqual(await mounts.listUsers(), ['b']);
  });

  it('of network file systems get the address of their server', async () => {
    await open().attachVolume('v', { type: 'nfs', device: ':/x', options: ['addr=localhost', 'soft'] }, 'a');
    assert.match(options[0] ?? '', /^addr=(127\.0\.0\.1|::1)$/);
    assert.equal(options[1], 'soft');
  });

  it('that fail name the volume and say what to do, and leave a user behind for the next try', async () => {
    failure = new NativeError({ code: 'mount', message: 'mount x: refused', errno: 'ECONNREFUSED', path: 'x' });
    await assert.rejects(open().attachVolume('v', filesystem, 'a'), (error) => {
      assert.ok(error instanceof TsstackError);
      assert.match(error.message, /mount tmpfs \(type tmpfs\) for volume v: mount x: refused/);
      assert.match(error.hint ?? '', /nothing answers there/);
      return true;
    });
    assert.deepEqual(await open().listUsers(), ['a']);
    failure = null;
    await open().release('a');
    assert.deepEqual(readdirSync(join(root, 'volumes')), []);
  });
});
