import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'mocha';
import { FileProgram, hostRoot, type FileRoot } from '../../agents/host/native/file-program.ts';
import { nativeProgram } from '../support/native-build.ts';
import { buildTar } from '../support/tar-builder.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsstack-files-'));
const program = new FileProgram(nativeProgram('layer'));
const { signal } = new AbortController();

/** A process with a root and mounts of its own; says when it is there, and ends with its input. */
const chrootScript = `
mount -t tmpfs tmpfs "$1/volume" && mount -t tmpfs -o ro tmpfs "$1/fixed" && mount --bind "$1/etc/hosts" "$1/etc/hosts" &&
mount -t proc proc "$1/proc" && exec python3 -c '
import os, sys
os.chroot(sys.argv[1]); os.chdir("/"); print("ready", flush=True); sys.stdin.read()' "$1"`;

/** A directory that is a link to the host's every other moment, until the input ends. */
const swapScript = `
import os, select, sys, time
os.chdir(sys.argv[1])
def put(name):
    while True:
        try: return os.rename(name, "place")
        # What the program has made meanwhile goes out of the way.
        except OSError: os.rename("place", f"made-{time.monotonic_ns()}")
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    os.symlink(sys.argv[2], "link")
    os.rename("place", "aside")
    put("link")
    os.unlink("place")
    put("aside")`;

async function insert(
  root: FileRoot,
  directory: string,
  archive: Buffer,
  name = '.',
  keepOwners = false,
): Promise<void> {
  const { input, result } = program.insert(root, { directory, name, keepOwners }, signal);
  input.end(archive);
  await result;
}

async function pack(root: FileRoot, path: string, name: string, follow = false): Promise<Buffer> {
  const { archive, result } = program.pack(root, { path, name, follow }, signal);
  const bytes = await buffer(archive);
  await result;
  return bytes;
}

/** Names in an archive, with what links point to. */
function list(archive: Buffer): readonly string[] {
  const lines = execFileSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => line.split(/\s+/).slice(5).join(' ')).toSorted();
}

describe('tsstack-layer look, pack and insert', () => {
  const root = join(scratch, 'root');
  const outside = join(scratch, 'outside');
  let child: ChildProcess;
  let container: FileRoot;

  before(async () => {
    for (const name of ['etc', 'data/deep', 'volume', 'fixed', 'proc'])
      mkdirSync(join(root, name), { recursive: true });
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'of the host');
    writeFileSync(join(root, 'etc/hosts'), 'mounted');
    writeFileSync(join(root, 'etc/name'), 'of the container');
    writeFileSync(join(root, 'data/deep/file'), 'x'.repeat(300_000), { mode: 0o640 });
    utimesSync(join(root, 'data/deep/file'), 1_000_000_000, 1_000_000_000);
    symlinkSync(outside, join(root, 'absolute'));
    symlinkSync('../../../../..' + outside, join(root, 'climbing'));
    symlinkSync('/etc', join(root, 'inner'));
    symlinkSync('/etc/new', join(root, 'dangling'));
    symlinkSync('circle', join(root, 'circle'));
    child = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', chrootScript, 'sh', root], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout ?? assert.fail(), 'data');
    const pid = child.pid ?? assert.fail();
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n').at(-1) ?? '';
    container = { kind: 'running', pid, cgroup };
  });

  after(async () => {
    const ended = once(child, 'exit');
    child.stdin?.end();
    await ended;
    rmSync(scratch, { recursive: true, force: true });
  });

  it('resolve every link in the container', async () => {
    assert.deepEqual(await program.look(container, '/inner', false, signal), { kind: 'link', target: '/etc' });
    assert.deepEqual(await program.look(container, '/inner/name', false, signal), { kind: 'file', target: '' });
    for (const path of [
      '/absolute/secret',
      '/climbing/secret',
      '/../../outside/secret',
      '/dangling',
      '/etc/name/below',
    ])
      assert.equal((await program.look(container, path, true, signal)).kind, 'missing', path);
    await assert.rejects(program.look(container, '/circle', true, signal), { errno: 'ELOOP' });
    await assert.rejects(pack(container, '/absolute/secret', 'secret'), { nativeCode: 'not-found' });
    await assert.rejects(insert(container, '/absolute', buildTar([{ name: 'new', data: 'x' }])), {
      nativeCode: 'not-found',
    });
  });

  it('say so of a link whose target no reply can have', async () => {
    symlinkSync(Buffer.from('/etc/\xff', 'latin1'), join(root, 'binary'));
    await assert.rejects(program.look(container, '/binary', false, signal), {
      errno: 'EILSEQ',
      message: /link \/binary leads to a name that is no UTF-8/,
    });
  });

  it('refuse the links of /proc, which lead out', async () => {
    // The proc that is mounted there shows the program, which may follow its own.
    await assert.rejects(program.look(container, '/proc/self/root/etc', true, signal), { errno: 'ELOOP' });
  });

  it('see what is mounted in the container', async () => {
    await insert(container, '/volume', buildTar([{ name: 'a', data: 'in the volume' }]));
    assert.equal(existsSync(join(root, 'volume/a')), false);
    assert.deepEqual(
      list(await pack(container, '/', '.')).filter((name) => /volume|proc/.test(name)),
      ['./proc/', './volume/', './volume/a'],
    );
  });

  it('leave alone what is read-only or mounted, and never put a directory and a file in each other’s place', async () => {
    await assert.rejects(insert(container, '/fixed', buildTar([{ name: 'a', data: '' }])), { errno: 'EROFS' });
    await assert.rejects(insert(container, '/etc', buildTar([{ name: 'hosts', data: 'mine' }])), { errno: 'EBUSY' });
    assert.equal(readFileSync(`/proc/${child.pid}/root/etc/hosts`, 'utf8'), 'mounted');
    await assert.rejects(insert(container, '/', buildTar([{ name: 'data', data: '' }])), { nativeCode: 'exists' });
    await assert.rejects(insert(container, '/etc', buildTar([{ name: 'name/', type: '5' }])), { nativeCode: 'exists' });
  });

  it('keep hostile archives in the container, and replace links instead of writing through them', async () => {
    const archive = buildTar([
      { name: 'out', type: '2', link: outside },
      { name: 'out/evil', data: 'evil' },
      { name: 'dangling', data: 'a file now' },
    ]);
    await insert(container, '/', archive);
    assert.equal(existsSync(join(outside, 'evil')), false);
    // Where the container itself would have written it.
    assert.equal(readFileSync(join(root, outside, 'evil'), 'utf8'), 'evil');
    assert.equal(existsSync(join(root, 'etc/new')), false);
    assert.equal(lstatSync(join(root, 'dangling')).isFile(), true);
    await assert.rejects(insert(container, '/data', buildTar([{ name: '../../evil', data: '' }])), {
      nativeCode: 'invalid',
    });
  });

  it('stay in the container while it puts links where directories were', async () => {
    mkdirSync(join(root, 'racing/place'), { recursive: true });
    writeFileSync(join(root, 'racing/place/secret'), 'of the container');
    const swapping = spawn('python3', ['-c', swapScript, join(root, 'racing'), outside], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(swapping, 'exit');
    await once(swapping.stdout, 'data');
    const archive = buildTar(Array.from({ length: 200 }, (_, n) => ({ name: `place/new-${n}`, data: 'evil' })));
    const done: string[] = [];
    const note = (what: string): void => void done.push(what);
    // A directory that is away for a moment may fail a round, and nothing else is asked of it.
    for (let round = 0; round < 5 || done.length === 0; round += 1) {
      await insert(container, '/racing', archive).then(
        () => note('insert'),
        () => undefined,
      );
      const packed = await pack(container, '/racing/place', 'place', true).catch(() => Buffer.alloc(0));
      assert.equal(packed.includes('of the host'), false);
      if (packed.includes('of the container')) note('pack');
    }
    swapping.stdin.end();
    assert.equal((await ended)[0], 0);
    assert.deepEqual(readdirSync(outside), ['secret']);
  });

  it('let nothing of an archive onto the host but what was asked for', async () => {
    const to = join(scratch, 'to');
    mkdirSync(to);
    const hostile = [
      { name: 'x/', type: '5' },
      { name: 'x/l', type: '2', link: outside },
    ];
    await assert.rejects(insert(hostRoot, to, buildTar([...hostile, { name: 'x/l/evil', data: '' }]), 'x'));
    await assert.rejects(insert(hostRoot, to, buildTar([{ name: '.bashrc', data: '' }]), 'x'), {
      nativeCode: 'invalid',
    });
    await assert.rejects(insert(hostRoot, to, buildTar([{ name: 'x/hard', type: '1', link: 'x/l/secret' }]), 'x'));
    assert.deepEqual([existsSync(join(outside, 'evil')), existsSync(join(to, '.bashrc'))], [false, false]);
  });

  it('make nobody root of the host by a file of a container, unless its owners are to be kept', async () => {
    const to = join(scratch, 'rights');
    mkdirSync(to);
    const capabilities = { 'LIBARCHIVE.xattr.security.capability': 'AQAAAgIAAAAAAAAAAAAAAAAAAAA' };
    const archive = buildTar([
      { name: 'x/', type: '5', mode: 0o3777 },
      { name: 'x/program', data: 'x', mode: 0o6755, pax: capabilities },
      { name: 'x/disk', type: '4', mode: 0o666, device: [7, 0] },
    ]);
    const modes = (): readonly string[] =>
      ['x', 'x/program', 'x/disk'].map((name) => (statSync(join(to, name)).mode & 0o7777).toString(8));
    const attributes = 'import os, sys; print(os.listxattr(sys.argv[1]))';
    const hasCapabilities = (): boolean =>
      execFileSync('python3', ['-c', attributes, join(to, 'x/program')]).includes('security.capability');
    await insert(hostRoot, to, archive, 'x');
    assert.deepEqual([modes(), hasCapabilities()], [['1777', '755', '600'], false]);
    await insert(hostRoot, to, archive, 'x', true);
    assert.deepEqual([modes(), hasCapabilities()], [['3777', '6755', '666'], true]);
  });

  it('pack no socket: alone it is refused, in a directory left out', async () => {
    const server = createServer();
    mkdirSync(join(root, 'data/sockets'));
    server.listen(join(root, 'data/sockets/socket'));
    await once(server, 'listening');
    await assert.rejects(pack(container, '/data/sockets/socket', 'socket'), { message: /is a socket/ });
    assert.deepEqual(list(await pack(container, '/data/sockets', 'sockets')), ['sockets/']);
    server.close();
  });

  it('keep modes, times, links and content there and back', async () => {
    const archive = await pack(container, '/data', 'copy');
    await insert(container, '/volume', archive);
    const back = join(scratch, 'back');
    mkdirSync(back);
    await insert(hostRoot, back, await pack(container, '/volume/copy', 'back'), 'back');
    const { mode, mtimeMs, size } = statSync(join(back, 'back/deep/file'));
    assert.deepEqual([mode & 0o7777, mtimeMs, size], [0o640, 1_000_000_000_000, 300_000]);
    assert.deepEqual(list(await pack(container, '/inner', 'link')), ['link -> /etc']);
    await insert(hostRoot, back, await pack(container, '/inner', 'link'), 'link');
    assert.equal(readlinkSync(join(back, 'link')), '/etc');
    assert.ok(list(await pack(container, '/inner', 'link', true)).includes('link/name'));
  });

  it('give what comes in to root unless the owners are to be kept', async () => {
    const archive = buildTar([{ name: 'owned', data: '', uid: 1234, gid: 5678 }]);
    await insert(container, '/data', archive);
    const owner = (): readonly number[] => {
      const { uid, gid } = statSync(join(root, 'data/owned'));
      return [uid, gid];
    };
    assert.deepEqual(owner(), [0, 0]);
    await insert(container, '/data', archive, '.', true);
    assert.deepEqual(owner(), [1234, 5678]);
  });

  it('say when an archive breaks off, and when the process is another one’s', async () => {
    const whole = await pack(container, '/data', 'data');
    await assert.rejects(insert(container, '/volume', whole.subarray(0, whole.length / 2)), { nativeCode: 'invalid' });
    await assert.rejects(
      program.look({ kind: 'running', pid: process.pid, cgroup: '/no-such-container' }, '/', false, signal),
      { nativeCode: 'state' },
    );
  });
});
