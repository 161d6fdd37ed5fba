import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextRound } from 'node:timers/promises';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { FaultInjector } from '../support/fault-lab.ts';
import type { Fault } from '../support/fault-lab.ts';
import { buildTar } from '../support/tar-builder.ts';

/** Enough of an unpack that all of it is tried. */
const fewestCalls = 50;

describe('tsstack-layer: a call fails', () => {
  let directory: string;
  let archive: string;
  let injector: FaultInjector;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-faults-'));
    archive = join(directory, 'layer.tar');
    writeFileSync(
      archive,
      buildTar([
        { name: 'etc/', type: '5', mode: 0o755 },
        { name: 'etc/passwd', data: 'root', uid: 3, gid: 4, pax: { 'SCHILY.xattr.user.note': 'x' } },
        { name: 'etc/same', type: '1', link: 'etc/passwd' },
        { name: 'etc/other', type: '2', link: 'passwd' },
        { name: 'opt/made/on/the/way', data: 'x'.repeat(10_000) },
        { name: 'dev/null', type: '3', device: [1, 3] },
        { name: 'etc/.wh.gone' },
        { name: 'etc/passwd', data: 'later' },
      ]),
    );
    injector = new FaultInjector(directory);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const describeTree = (root: string): string =>
    execFileSync('find', [root, '-printf', '%P %y %m %U %G %n %s %l\\n'], { encoding: 'utf8' });

  /** Unpacks, and gives what is there afterwards; null = nothing. */
  async function unpack(fault: Fault): Promise<{ tree: string | null; faults: readonly string[] }> {
    const to = join(directory, 'layer');
    const { code, stdout, stderr, faults, summary } = await injector.run(
      fault,
      'layer',
      ['unpack', '--to', to],
      archive,
    );
    assert.ok(code < 128, summary); // died of a signal
    const [what = ''] = faults;
    // When even the reply cannot be written the caller knows no more than that, and the directory.
    const isMute = fault.kind === 'call' && what.startsWith('write') && stdout === '';
    if (!isMute) assert.match(stdout + stderr, /\w{3}/, summary);
    // Nor is more to be had from what cannot be removed.
    if (code !== 0 && !isMute && !/^(rmdir|unlink)/.test(what)) assert.ok(!existsSync(to), summary);
    const tree = existsSync(to) ? describeTree(to) : null;
    rmSync(to, { recursive: true, force: true });
    return { tree: code === 0 ? tree : null, faults };
  }

  it('unpack has made the whole tree, or says why not and leaves nothing', async () => {
    const { tree: whole, faults: all } = await unpack({ kind: 'none' });
    assert.ok(all.length > fewestCalls, `only ${all.join()}`);
    let failures = 0;
    for (let which = 1; which <= all.length; which += 1) {
      const { tree, faults } = await unpack({ kind: 'call', which });
      if (tree === null) failures += 1;
      else assert.equal(tree, whole, faults.join());
    }
    assert.ok(failures > fewestCalls, `only ${failures} of ${all.length} calls matter`);
  });

  it('unpack fails with a reason on a full disk, and leaves nothing', async () => {
    const small = join(directory, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', small]);
    try {
      const args = ['unpack', '--to', join(small, 'layer')];
      const { code, stdout } = await injector.run({ kind: 'none' }, 'layer', args, archive);
      assert.equal(code, 1);
      assert.match(stdout, /"errno":"ENOSPC".*opt\/made\/on\/the\/way|opt\/made\/on\/the\/way.*"errno":"ENOSPC"/);
      assert.ok(!existsSync(join(small, 'layer')));
    } finally {
      execFileSync('umount', [small]);
    }
  });

  describe('a container puts links where files are being made', () => {
    let to: string;
    let outside: string;
    beforeEach(() => {
      to = join(directory, 'shared');
      outside = join(directory, 'outside');
      mkdirSync(to);
      mkdirSync(outside);
      writeFileSync(join(outside, 'name'), 'of the host', { mode: 0o600 });
    });
    afterEach(() => {
      for (const path of [to, outside]) rmSync(path, { recursive: true });
    });

    /** Runs the program, which is held at its first call `which`, while the container puts a link in place of `replaced` as soon as one of `paths` is there. */
    async function runBeside(
      which: string,
      [args, input]: readonly [readonly string[], string | undefined],
      paths: readonly string[],
      link: (path: string) => { readonly replaced: string; readonly target: string },
    ): Promise<void> {
      const run = injector.run({ kind: 'hold', which }, 'layer', args, input);
      let made: string | undefined;
      while ((made = paths.find((path) => existsSync(path))) === undefined) await nextRound();
      const { replaced, target } = link(made);
      renameSync(replaced, `${replaced}.aside`);
      symlinkSync(target, replaced);
      const { summary } = await run;
      const { mode, nlink } = statSync(join(outside, 'name'));
      assert.deepEqual([mode & 0o777, nlink], [0o600, 1], summary);
    }

    const overFile = (path: string): { replaced: string; target: string } => ({
      replaced: path,
      target: join(outside, 'name'),
    });

    it('insert gives no file of the host the mode of a pipe', async () => {
      const archive = join(directory, 'pipe.tar');
      writeFileSync(archive, buildTar([{ name: 'name', type: '6', mode: 0o666 }]));
      const args = ['insert', '--path', to, '--owners', 'archive'];
      await runBeside('fchownat', [args, archive], [join(to, 'name')], overFile);
    });

    it('copy gives no file of the host the mode of one of the image', async () => {
      const from = join(directory, 'modes');
      mkdirSync(from);
      writeFileSync(join(from, 'name'), 'of the image');
      chmodSync(join(from, 'name'), 0o666);
      const args = ['copy', '--from', from, '--to', to];
      await runBeside('fchownat', [args, undefined], [join(to, 'name')], overFile);
    });

    it('copy gives the container no hard link to a file of the host', async () => {
      const from = join(directory, 'links');
      for (const name of ['one', 'other']) mkdirSync(join(from, name), { recursive: true });
      writeFileSync(join(from, 'one/name'), 'of the image');
      linkSync(join(from, 'one/name'), join(from, 'other/name'));
      const args = ['copy', '--from', from, '--to', to];
      const paths = ['one', 'other'].map((name) => join(to, name, 'name'));
      await runBeside('linkat', [args, undefined], paths, (path) => ({ replaced: dirname(path), target: outside }));
    });
  });
});
