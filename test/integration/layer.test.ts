import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { after, beforeEach, describe, it } from 'mocha';
import { LayerProgram } from '../../agents/host/native/layer.ts';
import type { UnpackResult } from '../../agents/host/native/layer.ts';
import { nativeProgram } from '../support/native-build.ts';
import { buildTar, sha256 } from '../support/tar-builder.ts';
import type { TarMember } from '../support/tar-builder.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tsstack-layer-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

const program = new LayerProgram(nativeProgram('layer'));
const signal = new AbortController().signal;

async function unpackBytes(
  bytes: Buffer,
  to: string,
  diffId: string | null = null,
  maxBytes: number | null = null,
): Promise<UnpackResult> {
  const { input, result } = program.unpackStream({ to, diffId, maxBytes, signal });
  input.end(bytes);
  return await result;
}

/** Everything that a tree consists of: kinds, modes, owners, link counts, sizes, times, targets, extended attributes. */
function describeTree(directory: string): string {
  const format = '%P %y %m %U %G %n %s %T@ %l\\n';
  const entries = execFileSync('find', [directory, '-printf', format]).toString('latin1').split('\n').toSorted();
  const attributes = execFileSync('python3', ['-c', attributeScript, directory]).toString();
  return `${entries.join('\n')}\n${attributes}`;
}

const attributeScript = `
import os, sys
root = os.fsencode(sys.argv[1])
for path, directories, files in sorted(os.walk(root)):
    for name in sorted(directories + files + [b'.']):
        entry = os.path.join(path, name)
        for key in sorted(os.listxattr(entry, follow_symlinks=False)):
            print(entry[len(root):], key, os.getxattr(entry, key, follow_symlinks=False))
`;

function hasOpaqueMark(path: string): boolean {
  return execFileSync('python3', ['-c', 'import os,sys; print(os.listxattr(sys.argv[1]))', path])
    .toString()
    .includes('trusted.overlay.opaque');
}

function isWhiteout(path: string): boolean {
  const status = lstatSync(path);
  return status.isCharacterDevice() && status.rdev === 0;
}

/** A tree with one of everything that layers contain. */
function makeSample(root: string): void {
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/setuid'), 'x'.repeat(5000), { mode: 0o755 });
  chmodSync(join(root, 'a/setuid'), 0o4755);
  linkSync(join(root, 'a/setuid'), join(root, 'a/linked'));
  symlinkSync('../../outside', join(root, 'a/link'));
  writeFileSync(join(root, `a/${'long'.repeat(50)}`), 'long');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/a/`), Buffer.from([0xff, 0xfe])]), 'no utf-8');
  writeFileSync(join(root, 'a/ümläut'), 'utf-8');
  execFileSync('sh', ['-ec', sampleScript], { cwd: root });
}

const sampleScript = `
mkfifo -m 0640 fifo
mknod null c 1 3
mknod disk b 7 200
truncate -s 3M sparse && printf x | dd of=sparse bs=1 seek=2000000 conv=notrunc status=none
mkdir -m 1777 sticky && mkdir -m 2750 setgid && chown 1000:1001 setgid a/b && chown -h 12:34 a/link
setcap cap_net_raw+ep a/setuid
python3 -c "import os; os.setxattr('a/b', 'user.note', b'\\x00\\xffbytes'); os.setxattr('a/b', 'trusted.note', b'1')"
touch -d '2001-02-03 04:05:06.123456789' a/b a/setuid && touch -h -d '1999-01-01' a/link && touch -d '2010-10-10' a sticky .
`;

describe('tsstack-layer', () => {
  let directory = '';
  let count = 0;
  const unpack = (members: readonly TarMember[], diffId: string | null = null): Promise<UnpackResult> =>
    unpackBytes(buildTar(members), directory, diffId);
  beforeEach(() => {
    count += 1;
    directory = join(scratch, `out-${count}`);
  });

  describe('unpack', () => {
    for (const format of ['pax', 'gnu', 'ustar', 'v7', 'pax --sparse', 'gnu --sparse']) {
      it(`makes what tar makes of an archive in the format ${format}`, async () => {
        const root = join(scratch, `sample-${count}`);
        makeSample(root);
        if (format === 'v7' || format === 'ustar') rmSync(join(root, `a/${'long'.repeat(50)}`));
        if (format === 'v7') execFileSync('rm', ['-rf', 'fifo', 'null', 'disk'], { cwd: root });
        const archive = join(scratch, 'sample.tar');
        const attributes = format.startsWith('pax') ? ['--xattrs', '--xattrs-include=*'] : [];
        execFileSync('tar', ['-C', root, ...`--format=${format}`.split(' '), ...attributes, '-cf', archive, '.']);
        const expected = join(scratch, `expected-${count}`);
        mkdirSync(expected);
        execFileSync('tar', ['-C', expected, '--numeric-owner', ...attributes, '-xpf', archive]);
        const result = await program.unpackFile(archive, {
          to: directory,
          diffId: sha256(readFileSync(archive)),
          maxBytes: null,
          signal,
        });
        assert.equal(describeTree(directory), describeTree(expected));
        assert.equal(result.diffId, sha256(readFileSync(archive)));
        assert.equal(result.archiveBytes, statSync(archive).size);
        if (format.includes('sparse')) assert.ok(statSync(join(directory, 'sparse')).blocks * 512 < 100_000);
      });
    }

    for (const [name, compress] of [
      ['gzip', gzipSync],
      [
        'several gzip members',
        (data: Buffer) => Buffer.concat([gzipSync(data.subarray(0, 700)), gzipSync(data.subarray(700))]),
      ],
      ['zstd', zstdCompressSync],
      ['xz', (data: Buffer) => execFileSync('xz', ['-c'], { input: data })],
      ['bzip2', (data: Buffer) => execFileSync('bzip2', ['-c'], { input: data })],
      ['nothing', (data: Buffer) => data],
    ] as const) {
      it(`reads an archive compressed with ${name} and tells the digest of the archive in it`, async () => {
        // Padding after the end of the archive belongs to the digest.
        const archive = Buffer.concat([buildTar([{ name: 'file', data: 'content' }]), Buffer.alloc(10_240)]);
        const result = await unpackBytes(compress(archive), directory, sha256(archive));
        assert.equal(result.diffId, sha256(archive));
        assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'content');
      });
    }

    it('turns marks of deletion into the form of the overlay', async () => {
      await unpack([
        { name: 'kept/', type: '5' },
        { name: 'kept/.wh.gone' },
        { name: 'opaque/.wh..wh..opq' },
        { name: '.wh..wh.plnk' },
      ]);
      assert.ok(isWhiteout(join(directory, 'kept/gone')));
      assert.ok(hasOpaqueMark(join(directory, 'opaque')));
      assert.ok(!hasOpaqueMark(join(directory, 'kept')));
      assert.deepEqual(readdirSync(directory).toSorted(), ['kept', 'opaque']);
    });

    for (const order of ['before', 'after']) {
      it(`lets a mark of deletion ${order} an entry of the same name hide only what is below`, async () => {
        const marks: TarMember[] = [{ name: '.wh.file' }, { name: '.wh.dir' }];
        const entries: TarMember[] = [
          { name: 'file', data: 'new' },
          { name: 'dir/', type: '5', mode: 0o700 },
          { name: 'dir/x', data: '1' },
        ];
        await unpack(order === 'before' ? [...marks, ...entries] : [...entries, ...marks]);
        assert.equal(readFileSync(join(directory, 'file'), 'utf8'), 'new');
        assert.equal(readFileSync(join(directory, 'dir/x'), 'utf8'), '1');
        assert.ok(hasOpaqueMark(join(directory, 'dir')));
      });
    }

    it('lets later entries replace earlier ones, and merges directories', async () => {
      await unpack([
        { name: 'dir/', type: '5', mode: 0o755 },
        { name: 'dir/a', data: '1' },
        { name: 'dir/', type: '5', mode: 0o700 },
        { name: 'file', data: 'old' },
        { name: 'file', type: '2', link: 'dir/a' },
        { name: 'was-dir/x', data: '1' },
        { name: 'was-dir', data: 'file now' },
      ]);
      assert.equal(statSync(join(directory, 'dir')).mode & 0o777, 0o700);
      assert.equal(readFileSync(join(directory, 'dir/a'), 'utf8'), '1');
      assert.equal(readlinkSync(join(directory, 'file')), 'dir/a');
      assert.equal(readFileSync(join(directory, 'was-dir'), 'utf8'), 'file now');
    });

    it('names the directories that the archive does not describe', async () => {
      const result = await unpack([
        { name: 'a/b/c', data: '1' },
        { name: 'd/e', data: '1' },
        { name: 'd/', type: '5' },
      ]);
      assert.deepEqual(result.implicitDirectories, ['a', 'a/b']);
    });

    it('names none whose place something else has taken', async () => {
      const { implicitDirectories } = await unpack([
        { name: 'file/x', data: '1' },
        { name: 'file', data: 'later' },
        { name: 'link/x', data: '1' },
        { name: 'there/', type: '5' },
        { name: 'link', type: '2', link: 'there' },
      ]);
      assert.deepEqual(implicitDirectories, []);
    });

    it('gives such directories the metadata that they have below', async () => {
      const lower = join(scratch, `lower-${count}`);
      await unpackBytes(
        buildTar([{ name: 'a/', type: '5', mode: 0o1770, uid: 5, gid: 6, mtime: 1_000_000_000 }]),
        lower,
      );
      const { implicitDirectories } = await unpack([{ name: 'a/b/c', data: '1' }]);
      await program.adoptParents(directory, implicitDirectories, [lower]);
      const status = statSync(join(directory, 'a'));
      assert.deepEqual([status.mode & 0o7777, status.uid, status.gid, status.mtimeMs], [0o1770, 5, 6, 1e12]);
      assert.equal(statSync(join(directory, 'a/b')).mode & 0o7777, 0o755);
    });
  });

  describe('unpack of hostile archives', () => {
    const refused: readonly (readonly [string, readonly TarMember[]])[] = [
      ['a name that climbs out', [{ name: '../evil', data: 'x' }]],
      ['a name that climbs out in the middle', [{ name: 'a/../../evil', data: 'x' }]],
      ['a hard link to a file of the host', [{ name: 'x', type: '1', link: '/etc/passwd' }]],
      ['a hard link that climbs out', [{ name: 'x', type: '1', link: '../../../../../../../etc/passwd' }]],
      [
        'a hard link through a symbolic link',
        [
          { name: 's', type: '2', link: '/etc' },
          { name: 'x', type: '1', link: 's/passwd' },
        ],
      ],
      ['a mark of deletion for ".."', [{ name: 'a/.wh...' }]],
      ['a mark of deletion without a name', [{ name: '.wh.' }]],
      ['a root that is no directory', [{ name: './', type: '2', link: '/etc' }]],
    ];
    for (const [what, members] of refused) {
      it(`refuses ${what} and leaves nothing`, async () => {
        await assert.rejects(unpack([{ name: 'before', data: '1' }, ...members]), { nativeCode: 'invalid' });
        assert.ok(!existsSync(directory));
        assert.ok(!existsSync(join(scratch, 'evil')));
      });
    }

    for (const link of ['/', '/etc', '../../../../../..', '../..']) {
      it(`follows a symbolic link to ${link} inside the layer only`, async () => {
        await unpack([
          { name: 's', type: '2', link },
          { name: 's/tsstack-evil', data: 'x' },
        ]);
        const inside = link === '/etc' ? 'etc/tsstack-evil' : 'tsstack-evil';
        assert.equal(readFileSync(join(directory, inside), 'utf8'), 'x');
        for (const outside of [scratch, tmpdir(), '/', '/etc']) assert.ok(!existsSync(join(outside, 'tsstack-evil')));
      });
    }

    it('replaces a symbolic link instead of writing through it', async () => {
      const victim = join(scratch, `victim-${count}`);
      writeFileSync(victim, 'untouched');
      await unpack([
        { name: 'x', type: '2', link: victim },
        { name: 'x', data: 'new' },
        { name: 'd', type: '2', link: '/' },
        { name: 'd', type: '5', mode: 0o700 },
      ]);
      assert.equal(readFileSync(victim, 'utf8'), 'untouched');
      assert.equal(readFileSync(join(directory, 'x'), 'utf8'), 'new');
      assert.ok(lstatSync(join(directory, 'd')).isDirectory());
    });

    it('drops attributes that would steer the overlay, and keeps others', async () => {
      const pax = { 'SCHILY.xattr.trusted.overlay.redirect': '/etc', 'SCHILY.xattr.user.fine': '1' };
      const result = await unpack([{ name: 'd/', type: '5', mode: 0o755, pax }]);
      assert.match(describeTree(directory), /user\.fine/);
      assert.doesNotMatch(describeTree(directory), /redirect/);
      assert.equal(result.skippedXattrs, 1);
    });

    it('makes devices as the archive says, and no others', async () => {
      await unpack([{ name: 'dev/x', type: '3', device: [1, 5], mode: 0o620, gid: 5 }]);
      const status = lstatSync(join(directory, 'dev/x'));
      assert.ok(status.isCharacterDevice());
      assert.deepEqual([status.rdev, status.mode & 0o777, status.gid], [(1 << 8) | 5, 0o620, 5]);
    });

    it('copes with trees that are deeper than any path may be, also when it removes them', async () => {
      const deep = 'd/'.repeat(400);
      const members: TarMember[] = [];
      for (let level = 0; level < 5; level += 1) {
        const start = level === 0 ? '' : `s${level - 1}/`;
        members.push({ name: 'x', pax: { path: `${start}${deep}x` }, data: '1' });
        members.push({ name: `s${level}`, type: '2', link: 'shortened', pax: { linkpath: `${start}${deep}` } });
      }
      await unpack(members);
      await program.remove([directory]);
      assert.ok(!existsSync(directory));
    });

    it('remembers no more of directories than fits into little memory', async () => {
      const deep = `${'d'.repeat(250)}/`.repeat(16);
      const again = buildTar([{ name: 'x', type: '5', pax: { path: deep } }]).subarray(0, -1024);
      const { input, result } = program.unpackStream({ to: directory, diffId: null, maxBytes: null, signal });
      const many = Readable.from(Array.from({ length: 400 }, () => Buffer.concat(Array<Buffer>(100).fill(again))));
      many.on('error', () => undefined).pipe(input);
      await assert.rejects(result, { nativeCode: 'invalid', errno: 'E2BIG' });
      assert.ok(!existsSync(directory));
    });

    it('refuses damaged, cut and wrong data, and leaves nothing', async () => {
      const archive = buildTar([{ name: 'file', data: 'x'.repeat(100_000) }]);
      const damaged: readonly (readonly [Buffer, RegExp])[] = [
        [archive.subarray(0, 5000), /[Tt]runcated/],
        [gzipSync(archive).subarray(0, 100), /truncated/],
        [Buffer.alloc(10_000, 'no archive'), /Unrecognized/],
      ];
      for (const [bytes, message] of damaged) {
        await assert.rejects(unpackBytes(bytes, directory), { nativeCode: 'invalid', message });
        assert.ok(!existsSync(directory));
      }
    });

    it('refuses an archive with another digest, and leaves nothing', async () => {
      await assert.rejects(unpack([{ name: 'x' }], sha256('other')), { nativeCode: 'invalid', path: 'diffId' });
      const archive = buildTar([{ name: 'x' }]);
      const most = archive.length - 1;
      for (const bytes of [archive, gzipSync(archive)]) {
        await assert.rejects(unpackBytes(bytes, directory, null, most), { nativeCode: 'invalid', path: 'maxBytes' });
      }
      assert.equal(existsSync(directory), false);
      await unpackBytes(archive, directory, null, archive.length);
      rmSync(directory, { recursive: true });
      assert.ok(!existsSync(directory));
    });

    it('says so when the disk is full, and leaves nothing', async () => {
      const mount = mkdtempSync(join(scratch, 'small-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tsstack-test', mount]);
      try {
        const to = join(mount, 'layer');
        const archive = buildTar([{ name: 'big', data: Buffer.alloc(3_000_000, 1) }]);
        await assert.rejects(unpackBytes(archive, to), { nativeCode: 'io', errno: 'ENOSPC' });
        assert.deepEqual(readdirSync(mount), []);
      } finally {
        execFileSync('umount', [mount]);
      }
    });
  });

  describe('copy', () => {
    it('copies a tree with everything', async () => {
      const root = join(scratch, `sample-${count}`);
      makeSample(root);
      mkdirSync(directory);
      await program.copy({ layers: [root], from: '/', to: directory, firstId: 0 });
      assert.equal(describeTree(directory), describeTree(root));
      assert.ok(statSync(join(directory, 'sparse')).blocks * 512 < 100_000);
    });

    it('gives a copy to a user namespace, file capabilities included', async () => {
      const root = join(scratch, `owned-${count}`);
      const files = [
        { name: 'file', data: 'x', uid: 7, gid: 8, mode: 0o4755 },
        { name: 'link', type: '2', link: 'file', uid: 9 },
        { name: 'able', data: 'x', mode: 0o755 },
      ];
      await unpackBytes(buildTar(files), root);
      // VFS_CAP_REVISION_2 with the effective bit, CAP_NET_RAW permitted (linux/capability.h).
      const capability = '0100000200200000000000000000000000000000';
      const set = "import os,sys; os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex(sys.argv[2]))";
      execFileSync('python3', ['-c', set, join(root, 'able'), capability]);
      mkdirSync(directory);
      await program.copy({ layers: [root], from: '/', to: directory, firstId: 5000 });
      const owners = ['', 'file', 'link'].map((name) => lstatSync(join(directory, name)));
      assert.deepEqual(
        owners.map(({ uid, gid }) => [uid, gid]),
        [
          [5000, 5000],
          [5007, 5008],
          [5009, 5000],
        ],
      );
      assert.equal(statSync(join(directory, 'file')).mode & 0o7777, 0o4755);
      // Revision 3: the same, and whose they are.
      const get = "import os,sys; print(os.getxattr(sys.argv[1], 'security.capability').hex())";
      const copied = execFileSync('python3', ['-c', get, join(directory, 'able')], { encoding: 'utf8' }).trim();
      assert.equal(copied, capability.replace('01000002', '01000003') + '88130000');
    });

    it('copies what a container with these layers would see, links resolved inside', async () => {
      const [top, middle, bottom] = ['top', 'middle', 'bottom'].map((name) => join(scratch, `${name}-${count}`));
      assert.ok(top !== undefined && middle !== undefined && bottom !== undefined);
      await unpackBytes(buildTar([{ name: 'data/new', data: 'top' }, { name: 'data/.wh.gone' }]), top);
      await unpackBytes(buildTar([{ name: 'srv', type: '2', link: '/data' }, { name: 'hidden/.wh..wh..opq' }]), middle);
      const lowest = [
        { name: 'data/', type: '5', mode: 0o750, uid: 7 },
        { name: 'data/gone', data: '1' },
        { name: 'data/old', data: 'bottom' },
        { name: 'hidden/x', data: '1' },
      ];
      await unpackBytes(buildTar(lowest), bottom);
      mkdirSync(directory);
      await program.copy({ layers: [top, middle, bottom], from: '/srv/../srv', to: directory, firstId: 0 });
      assert.deepEqual(readdirSync(directory).toSorted(), ['new', 'old']);
      assert.equal(readFileSync('/proc/self/mounts', 'utf8').includes(top), false);
      await assert.rejects(program.copy({ layers: [top, middle, bottom], from: '/none', to: directory, firstId: 0 }), {
        nativeCode: 'not-found',
      });
      await assert.rejects(program.copy({ layers: [bottom], from: '/data/old', to: directory, firstId: 0 }), {
        nativeCode: 'state',
      });
    });

    it('copies from as many layers as an image can have, however long the way to them, and leaves out none', async () => {
      const store = join(scratch, `${'x'.repeat(40)}-${count}`);
      const layers = Array.from({ length: 127 }, (_, number) => join(store, `layer-${number}`));
      for (const [number, layer] of layers.entries()) {
        mkdirSync(join(layer, 'data'), { recursive: true });
        writeFileSync(join(layer, 'data', String(number)), '');
      }
      mkdirSync(directory);
      await program.copy({ layers, from: '/data', to: directory, firstId: 0 });
      assert.equal(readdirSync(directory).length, layers.length);
      await assert.rejects(program.copy({ layers: [directory, ...layers], from: '/data', to: directory, firstId: 0 }), {
        nativeCode: 'mount',
        errno: 'E2BIG',
      });
    });
  });

  describe('remove', () => {
    it('removes trees and does not mind what is gone already', async () => {
      mkdirSync(join(directory, 'a/b'), { recursive: true });
      writeFileSync(join(directory, 'a/b/c'), '1');
      symlinkSync(scratch, join(directory, 'link'));
      await program.remove([directory, join(scratch, 'never-was')]);
      assert.ok(!existsSync(directory));
      assert.ok(existsSync(scratch));
    });

    it('never removes what is mounted below', async () => {
      mkdirSync(join(directory, 'a/mount'), { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', 'tsstack-test', join(directory, 'a/mount')]);
      try {
        writeFileSync(join(directory, 'a/mount/kept'), '1');
        for (const path of [directory, join(directory, 'a/mount')]) {
          await assert.rejects(program.remove([path]), { nativeCode: 'state', errno: 'EBUSY' });
        }
        assert.ok(existsSync(join(directory, 'a/mount/kept')));
      } finally {
        execFileSync('umount', [join(directory, 'a/mount')]);
      }
    });
  });

  it('ends at once when it is aborted, and says when it cannot be started', async () => {
    const over = new AbortController();
    const { result } = program.unpackStream({ to: directory, diffId: null, maxBytes: null, signal: over.signal });
    over.abort();
    await assert.rejects(result, { name: 'AbortError' });
    await assert.rejects(new LayerProgram('/does/not/exist').remove(['/tmp/x']), { name: 'ProgramError' });
  });
});
