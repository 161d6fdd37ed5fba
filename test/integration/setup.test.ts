import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { on, once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
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

  /** The environment with an npm that does these lines of shell; the directory that it is to install into is in `$prefix`. */
  function withNpm(lines: string): NodeJS.ProcessEnv {
    const programs = join(clone, 'programs');
    mkdirSync(programs);
    const npm = join(programs, 'npm');
    writeFileSync(npm, `#!/bin/sh\nprefix=$3\n${lines}\n`);
    chmodSync(npm, 0o755);
    return { ...process.env, PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}` };
  }

  function setupWithNpm(lines: string): { readonly status: number | null; readonly said: string } {
    const env = withNpm(lines);
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

  it('installs packages once when two find at the same time that they are missing', async () => {
    // It ends when the other one has said that it waits.
    const install =
      'echo installed >>"$prefix/../count"; cat "$prefix/../go"; mkdir -p "$prefix/node_modules/node/bin"; cp /bin/true "$prefix/node_modules/node/bin/node"';
    const env = withNpm(install);
    spawnSync('mkfifo', [join(clone, 'go')]);
    const start = (): ReturnType<typeof spawn> =>
      spawn(join(clone, 'setup'), { cwd: clone, env, stdio: ['ignore', 'ignore', 'pipe'] });
    const first = start();
    const ends = [once(first, 'close')];
    await says(first, /installing npm packages/);
    const second = start();
    ends.push(once(second, 'close'));
    await says(second, /waiting for another set-up/);
    writeFileSync(join(clone, 'go'), '');
    await Promise.all(ends);
    assert.equal(readFileSync(join(clone, 'count'), 'utf8'), 'installed\n');
    assert.deepEqual(remains(), []);
  });
});

/** Resolves when a program has written such a line; fails when it ends before. */
async function says({ stderr }: ReturnType<typeof spawn>, pattern: RegExp): Promise<void> {
  assert.ok(stderr !== null);
  let said = '';
  // Not the stream itself, which would be closed at the end of the loop.
  for await (const [chunk] of on(stderr, 'data', { close: ['end'] })) {
    said += String(chunk);
    if (pattern.test(said)) return void stderr.resume();
  }
  assert.fail(`it ended after: ${said}`);
}
