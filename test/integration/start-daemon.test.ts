import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { globalFlags } from '../../src/cli/command-line/global-flags.ts';
import { processIo } from '../../src/cli/command-line/io.ts';
import { valuesOf } from '../../src/cli/command-line/parse-flags.ts';
import { connect } from '../../src/cli/connection/connect.ts';
import { startDaemon } from '../../src/cli/connection/start-daemon.ts';
import { TsstackError } from '../../src/model/errors.ts';
import { FakeControl } from '../support/fake-control.ts';

describe('starting the daemon', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-start-'));
    mkdirSync(join(directory, 'run'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Starts a program that stands in for the daemon. */
  function start(script: string, host = `unix://${join(directory, 'run/tsstack.sock')}`): Promise<void> {
    const program = join(directory, 'daemon.mjs');
    writeFileSync(program, `import { writeSync, writeFileSync } from 'node:fs';\n${script}\n`);
    const env = { PATH: process.env['PATH'], HOME: '/root', TSSTACK_MARK: 'kept', MY_PASSWORD: 'not for daemons' };
    return startDaemon({ host, dataRoot: join(directory, 'data'), runRoot: join(directory, 'run'), env, program });
  }

  const say = (word: object): string =>
    `writeSync(Number(process.env.TSSTACK_READY_FD), ${JSON.stringify(`${JSON.stringify(word)}\n`)});`;

  it('resolves when the daemon says that it is ready, which got its roots and none of our secrets', async () => {
    const facts = join(directory, 'facts.json');
    const tell = `writeFileSync(${JSON.stringify(facts)}, JSON.stringify({ argv: process.argv.slice(2), env: process.env, cwd: process.cwd() }));`;
    await start(`${tell}\n${say({ ready: true })}`);
    const { argv, env, cwd } = JSON.parse(readFileSync(facts, 'utf8')) as {
      argv: string[];
      env: Record<string, string>;
      cwd: string;
    };
    const socket = `unix://${join(directory, 'run/tsstack.sock')}`;
    const roots = ['--data-root', join(directory, 'data'), '--run-root', join(directory, 'run')];
    assert.deepEqual(argv, ['daemon', '--host', socket, ...roots]);
    assert.equal(cwd, '/');
    assert.equal(env['TSSTACK_MARK'], 'kept');
    assert.equal(env['MY_PASSWORD'], undefined);
  });

  it('shows why it failed in its own words', async () => {
    const error = { code: 'internal', message: 'no cgroups here', hint: 'mount them' };
    await assert.rejects(start(say({ error })), (failure) => {
      assert.ok(failure instanceof TsstackError);
      assert.deepEqual([failure.message, failure.hint], ['start the daemon: no cgroups here', 'mount them']);
      return true;
    });
  });

  it('shows what this start has added to the log when it ended without a word', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'data/daemon.log'), 'from long ago\n');
    const script = "console.error('line one');\nconsole.error('line two');\nprocess.exit(1);";
    await assert.rejects(start(script), (failure) => {
      assert.ok(failure instanceof TsstackError);
      assert.equal(failure.message, 'start the daemon: it ended at once\n  line one\n  line two');
      assert.match(failure.hint ?? '', /data\/daemon\.log$/);
      return true;
    });
  });

  it('waits for the daemon of another command that was faster', async () => {
    const fake = await new FakeControl().start();
    await start(say({ error: { code: 'exists', message: 'another daemon' } }), fake.address);
    await fake.stop();
  });

  it('takes the place of one that was about to end', async () => {
    const mark = JSON.stringify(join(directory, 'ended'));
    const held = say({ error: { code: 'exists', message: 'another daemon' } });
    await start(
      `import { existsSync } from 'node:fs';\nif (existsSync(${mark})) ${say({ ready: true })}\nelse { ${held} writeFileSync(${mark}, ''); }`,
    );
  });

  it('is not tried beside one that listens and does not answer: the error names its process', async () => {
    const socket = join(directory, 'run/tsstack.sock');
    const silent = createServer().listen(socket);
    await once(silent, 'listening');
    const facts = { pid: 4711, version: '1', build: '', program: '', isBackground: true };
    writeFileSync(join(directory, 'run/daemon.json'), JSON.stringify(facts));
    const env = { TSSTACK_HOST: socket, TSSTACK_DATA_ROOT: join(directory, 'data') };
    const io = { ...processIo(), env };
    await assert.rejects(connect({ io, globals: valuesOf(globalFlags, new Map()) }, 'start'), (failure) => {
      assert.ok(failure instanceof TsstackError);
      assert.match(failure.message, /has not answered within 10 s/);
      assert.match(failure.hint ?? '', /kill -CONT 4711.*kill -9 4711/);
      return true;
    });
    silent.close();
  });
});
