import assert from 'node:assert/strict';
import { globSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { RunningCommand } from '../support/running-command.ts';
import { TestHost, until } from '../support/test-host.ts';

/** A service that runs a script; YAML takes JSON strings, and `$` is doubled for interpolation. */
function script(text: string): string {
  return `image: "busybox:test", command: ["sh", "-c", ${JSON.stringify(text.replaceAll('$', '$$$$'))}]`;
}

describe('logs', () => {
  const host = new TestHost();

  /** Writes a stack and brings it up. */
  async function up(name: string, services: string): Promise<string> {
    const file = host.write(`${name}.yml`, `name: ${name}\nservices:\n${services}`);
    await host.ok(['-f', file, 'up', '-d']);
    return file;
  }
  async function lines(file: string, ...args: readonly string[]): Promise<readonly string[]> {
    const { stdout } = await host.ok(['-f', file, 'logs', ...args]);
    return stdout.split('\n').filter((line) => line !== '');
  }
  /** Resolves when all containers have ended. */
  async function ended(file: string): Promise<void> {
    await until(
      () => host.ps(file),
      (rows) => rows.every(({ State }) => State === 'exited'),
    );
  }

  before(async () => host.ok(['load', '-i', (await busyboxImage()).dockerArchive]));
  after(() => host.stop());

  it('shows both streams of every container, each line with its name', async () => {
    const file = await up(
      'streams',
      `  a: { ${script('echo out; echo err >&2')} }\n  longer-name: { ${script('echo one; printf two')}, scale: 2 }\n  hidden: { ${script('echo hidden')}, attach: false }\n`,
    );
    await ended(file);
    assert.deepEqual((await lines(file)).toSorted(), [
      'a-1            | err',
      'a-1            | out',
      'longer-name-1  | one',
      'longer-name-1  | two',
      'longer-name-2  | one',
      'longer-name-2  | two',
    ]);
    assert.deepEqual(await lines(file, 'hidden'), ['hidden-1  | hidden']);
    assert.deepEqual(await lines(file, '--index', '2', '--no-log-prefix', 'longer-name'), ['one', 'two']);
    assert.equal((await host.run(['-f', file, 'logs', '--index', '1'])).code, 1);
    const [stamped] = await lines(file, '-t', '--no-log-prefix', '--index', '1', 'longer-name');
    assert.match(stamped ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one$/);
  });

  it('shows the last lines with --tail, and a span with --since and --until', async () => {
    const step = 'for i in 1 2 3 4 5; do echo $i; until [ -e /$i ]; do sleep 0.01; done; done';
    const file = await up('span', `  a: { ${script(step)} }\n`);
    for (const line of ['1', '2', '3', '4', '5']) {
      await until(
        () => lines(file, '--no-log-prefix'),
        (shown) => shown.at(-1) === line,
      );
      const touch = ['-f', file, 'exec', '-T', 'a', 'touch', `/${line}`];
      // The last one ends the container, and may be killed with it.
      await (line === '5' ? host.run(touch) : host.ok(touch));
    }
    await ended(file);
    assert.deepEqual(await lines(file, '--no-log-prefix', '--tail', '2'), ['4', '5']);
    assert.deepEqual(await lines(file, '--no-log-prefix', '-n', '0'), []);
    assert.deepEqual((await lines(file, '--no-log-prefix', '-n', 'all')).length, 5);
    assert.equal((await host.run(['-f', file, 'logs', '--tail', 'some'])).code, 1);
    const times = (await lines(file, '--no-log-prefix', '-t')).map((line) => line.split(' ')[0] ?? '');
    // Whole milliseconds: a command of ours lies between two lines.
    const between = (a: string | undefined, b: string | undefined): string =>
      new Date((Date.parse(a ?? '') + Date.parse(b ?? '')) / 2).toISOString();
    const since = between(times[0], times[1]);
    const end = between(times[3], times[4]);
    assert.deepEqual(await lines(file, '--no-log-prefix', '--since', since), ['2', '3', '4', '5']);
    assert.deepEqual(await lines(file, '--no-log-prefix', '--until', end), ['1', '2', '3', '4']);
    assert.deepEqual(await lines(file, '--no-log-prefix', '--since', since, '--until', end), ['2', '3', '4']);
    assert.deepEqual(await lines(file, '--no-log-prefix', '--since', '10m'), ['1', '2', '3', '4', '5']);
    assert.deepEqual(await lines(file, '--no-log-prefix', '--until', '10m'), []);
  });

  it('follows containers that start later, and ends when all have ended', async () => {
    const loop = 'trap "echo bye; exit" TERM; echo hello; while :; do sleep 0.05; done';
    const file = await up('follow', `  a: { ${script(loop)} }\n`);
    const following = new RunningCommand(host, ['-f', file, 'logs', '-f']);
    await following.shows('a-1  | hello\n');
    await host.ok(['-f', file, 'up', '-d', '--scale', 'a=2']);
    await following.shows('a-2  | hello\n');
    await host.ok(['-f', file, 'restart', 'a']);
    await until(
      () => Promise.resolve(following.stdout),
      (text) => text.split('hello').length === 5,
    );
    assert.ok(following.isRunning);
    await host.ok(['-f', file, 'stop']);
    assert.equal(await following.ended(), 0);
    assert.deepEqual(
      following.stdout.trimEnd().split('\n').toSorted(),
      ['a-1', 'a-2'].flatMap((name) => ['bye', 'bye', 'hello', 'hello'].map((word) => `${name}  | ${word}`)),
    );
  });

  it('begins with the last lines when it follows with --tail', async () => {
    const file = await up(
      'tailing',
      `  a: { ${script('echo 1; echo 2; echo 3; trap "echo 4; exit" TERM; while :; do sleep 0.05; done')} }\n`,
    );
    await until(
      () => lines(file),
      (all) => all.length === 3,
    );
    const following = new RunningCommand(host, ['-f', file, 'logs', '-f', '--tail', '1', '--no-log-prefix']);
    await following.shows('3\n');
    await host.ok(['-f', file, 'stop']);
    assert.equal(await following.ended(), 0);
    assert.equal(following.stdout, '3\n4\n');
  });

  it('refuses the number of a container that is not there', async () => {
    const file = await up('numbers', `  a: { ${script('echo 1')} }\n`);
    const { code, stderr } = await host.run(['-f', file, 'logs', '--index', '2', 'a']);
    assert.deepEqual([code, stderr], [1, 'error: service "a" has no container #2\nhint: see `tsstack ps -a`\n']);
  });

  it('rotates by max-size and max-file, and reads every file that is left', async () => {
    const count = 3000;
    const file = await up(
      'rotation',
      `  a: { ${script(`i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "line $i"; done`)}, logging: { options: { max-size: "20k", max-file: "3" } } }\n`,
    );
    await ended(file);
    const [row] = await host.ps(file);
    const directory = join(host.dataRoot, 'containers', row?.ID.slice(0, 12) ?? '', 'log');
    const files = readdirSync(directory);
    assert.deepEqual(files.toSorted(), ['current.log', 'current.log.1', 'current.log.2']);
    for (const name of files) assert.ok(statSync(join(directory, name)).size <= 20 * 1024 + 100, name);
    const kept = await lines(file, '--no-log-prefix');
    const first = count - kept.length + 1;
    assert.ok(kept.length > 500 && kept.length < 1500, `${kept.length} lines are kept`);
    assert.deepEqual(
      kept,
      kept.map((_, index) => `line ${first + index}`),
    );
    assert.deepEqual(await lines(file, '--no-log-prefix', '--tail', '2'), [`line ${count - 1}`, `line ${count}`]);
  });

  it('keeps 300,000 lines intact, printed and followed', async () => {
    const count = 300_000;
    const expected = Array.from({ length: count }, (_, index) => `a-1  | ${index + 1}\n`).join('');
    const file = await up('large', `  a: { ${script(`seq ${count}`)}, logging: { options: { max-size: 100m } } }\n`);
    const followed = await host.ok(['-f', file, 'logs', '-f']);
    assert.ok(followed.stdout === expected, `followed: ${followed.stdout.length} of ${expected.length} bytes`);
    const printed = await host.ok(['-f', file, 'logs']);
    assert.ok(printed.stdout === expected, `printed: ${printed.stdout.length} of ${expected.length} bytes`);
  });

  it('keeps lines of any length whole', async () => {
    const length = 100_000;
    const file = await up('long', `  a: { ${script(`head -c ${length} /dev/zero | tr '\\0' x; echo; echo end`)} }\n`);
    await ended(file);
    const [long, end] = await lines(file, '--no-log-prefix');
    assert.ok(long === 'x'.repeat(length));
    assert.equal(end, 'end');
    assert.deepEqual((await lines(file, '--no-log-prefix', '--tail', '2')).length, 2);
  });

  it('loses and repeats no line when the daemon is killed while a container writes', async () => {
    const file = await up(
      'outage',
      `  a: { ${script('i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo $i; sleep 0.01; done')} }\n`,
    );
    await until(
      () => lines(file, '--no-log-prefix'),
      (all) => all.length > 5,
    );
    await host.killDaemon();
    // The next command starts the daemon again, which takes the container over.
    const followed = await lines(file, '-f', '--no-log-prefix');
    const expected = Array.from({ length: 200 }, (_, index) => String(index + 1));
    assert.deepEqual(followed, expected);
    assert.deepEqual(await lines(file, '--no-log-prefix'), expected);
  });

  it('keeps the output of runs before a restart, and of a stopped container', async () => {
    const file = await up('runs', `  a: { ${script('echo run; sleep 100000')}, init: true }\n`);
    const hasRun = (times: number): Promise<unknown> =>
      until(
        () => lines(file),
        ({ length }) => length === times,
      );
    await hasRun(1);
    await host.ok(['-f', file, 'restart', 'a']);
    await hasRun(2);
    await host.ok(['-f', file, 'stop']);
    assert.deepEqual(await lines(file, '--no-log-prefix'), ['run', 'run']);
  });

  it('reads compressed files as it reads others, and has nothing of the driver none', async () => {
    const count = 60_000;
    const numbers = `init: true, ${script(`seq 1 ${count}; sleep 100000`)}`;
    const file = await up(
      'compressed',
      `  a: { ${numbers}, logging: { driver: local, options: { max-size: 500k, max-file: "9" } } }
  b: { ${numbers}, logging: { driver: none } }\n`,
    );
    const files = (): readonly string[] => globSync(join(host.dataRoot, 'containers/*/log/current.log.*'));
    await until(
      () => lines(file, '--no-log-prefix', '--tail', '1'),
      (last) => last[0] === String(count),
    );
    await until(
      () => Promise.resolve(files().filter((name) => name.endsWith('.gz'))),
      (compressed) => compressed.length > 3,
    );
    const expected = Array.from({ length: count }, (_, index) => String(index + 1));
    assert.deepEqual(await lines(file, '--no-log-prefix'), expected);
    assert.deepEqual(await lines(file, '--no-log-prefix', '--tail', '30000'), expected.slice(-30_000));
    await host.ok(['-f', file, 'down']);
  });

  it('colours prefixes only where colours are wanted', async () => {
    const file = await up('colours', `  a: { ${script('echo text')} }\n`);
    await ended(file);
    const coloured = await host.ok(['--ansi', 'always', '-f', file, 'logs'], { env: { NO_COLOR: '' } });
    assert.match(coloured.stdout, /^\u001b\[\d+ma-1 {2}\| \u001b\[0mtext\n$/);
    const plain = await host.ok(['--ansi', 'always', '-f', file, 'logs', '--no-color'], { env: { NO_COLOR: '' } });
    assert.equal(plain.stdout, 'a-1  | text\n');
  });
});
