import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { attachToShim, execInShim } from '../../agents/host/native/shim-client.ts';
import type { ExecOptions } from '../../agents/host/tasks/shim.ts';
import { isNativeError } from '../support/native-errors.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import type { ContainerWishes, LabContainer } from '../support/shim-lab.ts';
import { findLeftovers } from '../support/shim-leftovers.ts';

/** crun refuses hosts whose controllers are not all in the unified hierarchy. */
const isUnified = existsSync('/sys/fs/cgroup/cgroup.controllers');
const programs = {
  runc: '/usr/sbin/runc',
  ...(isUnified ? { crun: '/usr/bin/crun' } : {}),
  'tsstack-box': join(import.meta.dirname, '../../native/build/tsstack-box'),
};

async function execOutput(
  container: LabContainer,
  process: Readonly<Record<string, unknown>>,
  wishes: Partial<ExecOptions> = {},
): Promise<{ readonly text: string; readonly exitCode: number }> {
  const options = {
    process: process as unknown as ExecOptions['process'],
    stdin: false,
    detach: false,
    timeoutMs: null,
  };
  const session = await execInShim(container.socketPath, { ...options, privileged: false, ...wishes });
  let text = '';
  for await (const { bytes } of session.output) text += bytes.toString();
  return { text, exitCode: (await session.exit).exitCode };
}

for (const [name, runtime] of Object.entries(programs)) {
  describe(`shim: containers of ${name}`, () => {
    let lab: ShimLab;
    before(() => {
      lab = new ShimLab();
    });
    after(() => lab.dispose());

    const wishing = (shim: object = {}, rest: Omit<ContainerWishes, 'shim'> = {}): ContainerWishes => ({
      ...rest,
      shim: { runtime, ...shim },
    });

    it('are made by it, log, end with their exit code, and leave nothing', async () => {
      const { container, control, state } = await lab.create('echo out; echo err >&2; exit 7', wishing());
      assert.equal(state.phase, 'created');
      // Whose child the container is, and that it is the runtime that made it.
      assert.match(readFileSync(`/proc/${state.pid}/status`, 'utf8'), new RegExp(`^PPid:\\s*${state.shimPid}$`, 'm'));
      assert.ok(existsSync(join(container.directory, 'runtime/state')));
      assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(container.directory), false);
      await control.request({ op: 'start' });
      const ended = await container.until(({ phase }) => phase === 'exited');
      assert.equal(ended.exitCode, 7);
      assert.deepEqual(container.logLines.toSorted(), ['stderr F err', 'stdout F out']);
      await control.closed;
      await eventually('the shim ends', () => lab.findProcesses().length === 0);
      assert.deepEqual(findLeftovers(lab, container), []);
      assert.deepEqual(existsSync(join(container.directory, 'runtime/state', container.name)), false);
    });

    it('stop, are killed, and restart by the policy with the same files', async () => {
      const { container, control } = await lab.run(
        'n=$(cat /n || echo 0); echo $((n + 1)) > /n; [ $n = 2 ] && exec sleep 100; exit 3',
        wishing({ restart: { policy: 'always', backoffInitialMs: 1, backoffCapMs: 1 }, stop: { signal: 'SIGKILL' } }),
      );
      await container.until(({ phase, restartCount }) => phase === 'running' && restartCount === 2);
      const { state } = await control.request({ op: 'stop', graceMs: 0 });
      const { phase, exitCode, signal, runs } = state as typeof container.state;
      assert.deepEqual([phase, exitCode, signal], ['exited', 137, 'SIGKILL']);
      assert.deepEqual(
        runs.map((run) => run.exitCode),
        [3, 3, 137],
      );
    });

    it('freeze, thaw, tell statistics and take new limits', async () => {
      const { container, control, state } = await lab.run('sleep 100', wishing());
      await control.request({ op: 'pause' });
      assert.equal(container.state.phase, 'paused');
      await control.request({ op: 'resume' });
      await control.request({ op: 'update', resources: { memory: { limit: 64 * 1024 * 1024 } } });
      const { stats } = await control.request({ op: 'stats' });
      assert.equal((stats as { memoryLimitBytes: number }).memoryLimitBytes, 64 * 1024 * 1024);
      assert.deepEqual((await control.request({ op: 'pids' }))['pids'], [state.pid]);
      await control.request({ op: 'kill' });
    });

    it('run further processes, with streams, exit codes, terminals and privileges', async () => {
      const { container, control } = await lab.run('sleep 100', wishing());
      const plain = await execOutput(container, processOf('echo out; hostname; exit 5'));
      assert.deepEqual(plain, { text: `out\n${container.name}\n`, exitCode: 5 });
      const terminal = await execOutput(container, { ...processOf('tty; exit 6'), terminal: true });
      assert.deepEqual(terminal, { text: '/dev/pts/0\r\n', exitCode: 6 });
      const look = 'grep CapEff /proc/self/status';
      assert.match((await execOutput(container, processOf(look))).text, /0000000000000000/);
      assert.doesNotMatch((await execOutput(container, processOf(look), { privileged: true })).text, /\t0+\n/);
      await assert.rejects(execOutput(container, processOf(['/missing'])), isNativeError('exec-not-found'));
      await control.request({ op: 'kill' });
    });

    it('have a terminal that can be attached to and resized', async () => {
      const container = lab.describe('read line; echo "got $line"; stty size', {
        ...wishing({ stdin: true }),
        process: { terminal: true },
      });
      await lab.launcher.startShim(container.configPath);
      const session = await attachToShim(container.socketPath, { stdin: true, output: true });
      const control = await container.connect();
      await control.request({ op: 'start' });
      await control.request({ op: 'resize', rows: 33, columns: 101 });
      await session.write(Buffer.from('hello\n'));
      let text = '';
      for await (const { bytes } of session.output) text += bytes.toString();
      assert.match(text, /got hello\r\n33 101\r\n/);
      session.close();
    });

    it('say 127 for a missing program and 126 for one that is none, and leave nothing', async () => {
      for (const [args, code] of [
        [['/missing'], 'exec-not-found'],
        [['missing'], 'exec-not-found'],
        [['/tmp'], 'exec-not-executable'],
      ] as const) {
        const container = lab.describe(args, wishing({ autostart: true }));
        await assert.rejects(lab.launcher.startShim(container.configPath), isNativeError(code));
        await eventually('the shim has gone', () => findLeftovers(lab, container).length === 0);
      }
    });

    it('say what the runtime says about a bad spec', async () => {
      const container = lab.describe('true', wishing({}, { resources: { memory: { limit: 1 } } }));
      await assert.rejects(lab.launcher.startShim(container.configPath), (error: Error) =>
        error.message.startsWith(runtime),
      );
      await eventually('the shim has gone', () => findLeftovers(lab, container).length === 0);
    });
  });
}

describe('shim: a runtime that is none', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  for (const [runtime, code] of [
    ['/nowhere/runtime', 'not-found'],
    ['/bin/false', 'internal'],
    ['runc', 'invalid'],
  ] as const) {
    it(`is an error: ${runtime}`, async () => {
      const container = lab.describe('true', { shim: { runtime } });
      await assert.rejects(lab.launcher.startShim(container.configPath), isNativeError(code));
      await eventually('the shim has gone', () => findLeftovers(lab, container).length === 0);
    });
  }
});
