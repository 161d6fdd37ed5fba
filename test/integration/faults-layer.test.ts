import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
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
});
