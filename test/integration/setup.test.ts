import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '../..');

describe('setup', () => {
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), 'tsstack-setup-'));
    for (const name of ['setup', 'package.json', 'package-lock.json']) cpSync(join(root, name), join(clone, name));
    mkdirSync(join(clone, 'node_modules/node/bin'), { recursive: true });
    writeFileSync(join(clone, 'node_modules/node/bin/node'), 'the old one', { mode: 0o755 });
    writeFileSync(join(clone, 'node_modules/.tsstack-lock'), 'of an older lock file');
  });
  afterEach(() => rmSync(clone, { recursive: true }));

  /** An npm that does these lines of shell; the directory that it is to install into is in `$prefix`. */
  function setupWithNpm(lines: string): { readonly status: number | null; readonly said: string } {
    const programs = join(clone, 'programs');
    mkdirSync(programs);
    const npm = join(programs, 'npm');
    writeFileSync(npm, `#!/bin/sh\nprefix=$3\n${lines}\n`);
    chmodSync(npm, 0o755);
    const env = { ...process.env, PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}` };
    const { status, stderr } = spawnSync(join(clone, 'setup'), { cwd: clone, env, encoding: 'utf8', timeout: 30_000 });
    return { status, said: stderr };
  }

  const remains = (): readonly string[] => readdirSync(clone).filter((name) => name.startsWith('.npm-'));

  it('keeps the packages that are there when new ones cannot be had', () => {
    const { status, said } = setupWithNpm('mkdir "$prefix/node_modules"; echo "npm error code EAI_AGAIN" >&2; exit 1');
    assert.equal(status, 1);
    assert.match(
      said,
      /npm error code EAI_AGAIN\ntsstack setup: cannot go on: npm packages could not be installed; is the network there\?/,
    );
    assert.equal(existsSync(join(clone, 'node_modules/node/bin/node')), true);
    assert.deepEqual(remains(), []);
  });

  it('puts new packages in the place of the old ones', () => {
    // What comes after the packages fails, as this clone has nothing else.
    const { said } = setupWithNpm(
      'mkdir -p "$prefix/node_modules/node/bin"; printf "#!/bin/sh\\n" >"$prefix/node_modules/node/bin/node"; chmod 755 "$prefix/node_modules/node/bin/node"; touch "$prefix/node_modules/new"',
    );
    assert.match(said, /native programs did not build/);
    assert.equal(existsSync(join(clone, 'node_modules/new')), true);
    assert.deepEqual(remains(), []);
  });
});
