import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { nativeProgram } from '../support/native-build.ts';

const run = promisify(execFile);
const label = 'system_u:object_r:container_file_t:s0';

/** What a label does where it is enforced is in test/vm/selinux.sh; on file systems it is an attribute like others. */
describe('tsstack-layer: label', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-layer-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const program = (...args: readonly string[]): Promise<unknown> => run(nativeProgram('layer'), ['label', ...args]);
  /** The labels of what lies at these paths itself, or `none`. */
  const labelsOf = async (...paths: readonly string[]): Promise<readonly string[]> => {
    const script = `
import os, sys
def label(path):
  try: return os.getxattr(path, 'security.selinux', follow_symlinks=False).rstrip(b'\\0').decode()
  except OSError: return 'none'
for path in sys.argv[1:]: print(label(path))`;
    return (await run('python3', ['-c', script, ...paths])).stdout.trim().split('\n');
  };

  it('labels files and trees, and nothing that links in them lead to', async () => {
    const [tree, outside] = [join(directory, 'tree'), join(directory, 'outside')];
    mkdirSync(join(tree, 'deep/er'), { recursive: true });
    for (const file of [join(tree, 'deep/file'), join(tree, 'deep/er/file'), outside]) writeFileSync(file, '');
    symlinkSync(outside, join(tree, 'link'));
    symlinkSync(directory, join(tree, 'deep/link'));
    await program('--label', label, '--', tree);
    const within = ['', 'deep', 'deep/file', 'deep/er', 'deep/er/file', 'link', 'deep/link'];
    assert.deepEqual(
      await labelsOf(...within.map((path) => join(tree, path))),
      within.map(() => label),
    );
    assert.deepEqual(await labelsOf(directory, outside), ['none', 'none']);
    await run(nativeProgram('layer'), ['label-once', '--label', label, '--', tree]);
    await program('--label', `${label}:c1`, '--', outside, join(tree, 'deep/file'));
    const some = [outside, join(tree, 'deep/file'), join(tree, 'deep')];
    assert.deepEqual(await labelsOf(...some), [`${label}:c1`, `${label}:c1`, label]);
  });

  it('leaves file systems as they are that have no labels, and says what is missing', async () => {
    await program('--label', label, '--', '/proc/self/status');
    await assert.rejects(program('--label', label, '--', join(directory, 'none')), {
      code: 1,
      stdout: /"code":"not-found"/,
    });
    await assert.rejects(program(directory), { code: 1, stdout: /needs the options label/ });
  });
});
