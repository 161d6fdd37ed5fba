import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { calmMs } from '../support/calm-time.ts';
import { isNativeError } from '../support/native-errors.ts';
import { eventually, ShimLab } from '../support/shim-lab.ts';
import { dividesRealtime, hardlyAnyRealtime, spendRealtime } from '../support/spend-realtime.ts';

const onSignal = (action: string): string => `trap '${action}' TERM; echo ready; while :; do sleep 0.02; done`;

describe('shim: the life of a container', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  const isReady = (container: { log: string }) => (): boolean => container.log.includes('ready');

  it('goes from created over running to exited, in the socket, the events and the file', async () => {
    const { container, control, state } = await lab.create('exit 3');
    assert.deepEqual([state.phase, state.exitCode, state.startedAt], ['created', null, null]);
    assert.equal(state.pid === null ? '' : readFileSync(`/proc/${state.pid}/comm`, 'utf8').trim(), 'tsstack-shim');
    const started = (await control.request({ op: 'start' }))['state'] as { phase: string };
    assert.equal(started.phase, 'running');
    await control.closed;
    assert.deepEqual(container.phases, ['running', 'exited']);
    assert.deepEqual([container.state.phase, container.state.exitCode, container.state.pid], ['exited', 3, null]);
    assert.equal(container.isListening, false);
    await eventually('the shim ends', () => !lab.findProcesses().includes(state.shimPid));
  });

  it('sends the stop signal and leaves time to end', async () => {
    const { container, control } = await lab.run(onSignal('exit 7'));
    await eventually('ready', isReady(container));
    const { state } = await control.request({ op: 'stop' });
    assert.equal((state as { exitCode: number }).exitCode, 7);
    assert.deepEqual(container.phases, ['running', 'stopping', 'exited']);
  });

  it('kills what ignores the signal when the grace is over', async () => {
    const { container, control } = await lab.run(onSignal(''));
    await eventually('ready', isReady(container));
    const [begun, begunCalm] = [performance.now(), calmMs()];
    await control.request({ op: 'stop', graceMs: 300 });
    const [took, tookCalm] = [performance.now() - begun, calmMs() - begunCalm];
    assert.ok(took >= 295 && tookCalm < 2000, `took ${took} ms`);
    assert.deepEqual([container.state.exitCode, container.state.signal], [137, 'SIGKILL']);
  });

  it('lets a second stop shorten the grace of the first, and answers both', async () => {
    const { container, control } = await lab.run(onSignal(''));
    await eventually('ready', isReady(container));
    const begun = calmMs();
    await Promise.all([
      control.request({ op: 'stop', graceMs: -1 }),
      container.connect().then((other) => other.request({ op: 'stop', graceMs: 100 })),
    ]);
    assert.ok(calmMs() - begun < 2000);
  });

  if (dividesRealtime)
    for (const [op, stop, request] of [
      ['a stop', { signal: 'SIGKILL', graceMs: -1 }, { op: 'stop' }],
      ['a signal', { signal: 'SIGTERM', graceMs: -1 }, { op: 'signal', signal: 'KILL' }],
    ] as const)
      it(`ends by ${op} that is SIGKILL, also one that may not run for minutes`, async () => {
        const { container, control } = await lab.run('while :; do :; done', {
          shim: { stop, cgroup: `tsstack-shim-realtime-${process.pid}` },
          resources: hardlyAnyRealtime,
        });
        await spendRealtime(container.state.pid ?? assert.fail());
        await control.request(request);
        await control.closed;
        assert.deepEqual([container.state.exitCode, container.state.signal], [137, 'SIGKILL']);
      });

  it('stops a container that was never started', async () => {
    const { container, control } = await lab.create('exit 0');
    await control.request({ op: 'stop' });
    assert.deepEqual([container.state.phase, container.state.startedAt], ['exited', null]);
  });

  it('takes SIGTERM for a stop', async () => {
    const { container, control, state } = await lab.run(onSignal('exit 9'));
    await eventually('ready', isReady(container));
    process.kill(state.shimPid, 'SIGTERM');
    await control.closed;
    assert.equal(container.state.exitCode, 9);
  });

  it('says 127 for a missing program and 126 for one that is none', async () => {
    const missing = await lab.create(['/bin/missing']);
    await assert.rejects(missing.control.request({ op: 'start' }), isNativeError('exec-not-found'));
    assert.deepEqual([missing.container.state.phase, missing.container.state.exitCode], ['exited', 127]);
    const notExecutable = await lab.create(['/proc/version'], { shim: { restart: { policy: 'always' } } });
    await assert.rejects(notExecutable.control.request({ op: 'start' }), isNativeError('exec-not-executable'));
    assert.deepEqual([notExecutable.container.state.phase, notExecutable.container.state.exitCode], ['exited', 126]);
  });

  it('freezes and thaws; stopping a frozen container thaws it', async () => {
    const { container, control } = await lab.run(onSignal('exit 4'));
    await eventually('ready', isReady(container));
    await control.request({ op: 'pause' });
    await assert.rejects(control.request({ op: 'pause' }), isNativeError('state'));
    await assert.rejects(control.request({ op: 'exec', process: {} }), isNativeError('state'));
    await control.request({ op: 'resume' });
    await control.request({ op: 'pause' });
    await control.request({ op: 'stop' });
    assert.equal(container.state.exitCode, 4);
    assert.deepEqual(container.phases, ['running', 'paused', 'running', 'paused', 'stopping', 'exited']);
  });

  it('reports an out-of-memory kill, and none where there was none', async () => {
    // Shell variables double until the limit is hit.
    const { container, control } = await lab.run('x=0123456789; while :; do x=$x$x; done', {
      resources: { memory: { limit: 16 * 1024 * 1024, swap: 16 * 1024 * 1024 } },
    });
    await control.closed;
    assert.deepEqual([container.state.exitCode, container.state.oomKilled], [137, true]);
    const other = await lab.run('exit 0');
    await other.control.closed;
    assert.equal(other.container.state.oomKilled, false);
  });

  it('gives the container its own out-of-memory score, not that of the shim', async () => {
    const { container, control, state } = await lab.run('cat /proc/self/oom_score_adj; echo ready; sleep 100');
    await eventually('ready', isReady(container));
    const own = readFileSync('/proc/self/oom_score_adj', 'utf8').trim();
    assert.equal(container.logLines[0], `stdout F ${own}`);
    assert.ok(Number(readFileSync(`/proc/${state.shimPid}/oom_score_adj`, 'utf8')) <= Number(own));
    await control.request({ op: 'kill' });
  });

  it('tells statistics and processes, and applies new limits', async () => {
    const { container, control } = await lab.run('sleep 100 & echo ready; wait');
    await eventually('ready', isReady(container));
    const { pids } = await control.request({ op: 'pids' });
    assert.equal((pids as number[]).length, 2);
    await control.request({ op: 'update', resources: { memory: { limit: 64 * 1024 * 1024 } } });
    const { stats } = await control.request({ op: 'stats' });
    assert.equal((stats as { memoryLimitBytes: number }).memoryLimitBytes, 64 * 1024 * 1024);
    await assert.rejects(control.request({ op: 'update', restart: { policy: 'sometimes' } }), isNativeError('invalid'));
    await control.request({ op: 'kill' });
  });

  it('wakes up for nothing while the container is idle, and for every line while it is not', async () => {
    const idle = await lab.run('echo ready; sleep 100');
    const busy = await lab.run('while :; do echo tick; sleep 0.1; done');
    const wakeUps = (pid: number): number =>
      Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    await eventually('ready', isReady(idle.container));
    // The log's memory is given back two to four seconds after the last output.
    await new Promise((resolve) => setTimeout(resolve, 4500));
    const [idleBefore, busyBefore] = [wakeUps(idle.state.shimPid), wakeUps(busy.state.shimPid)];
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await eventually('the busy one has woken up', () => wakeUps(busy.state.shimPid) > busyBefore + 3);
    assert.equal(wakeUps(idle.state.shimPid), idleBefore);
    for (const { control } of [idle, busy]) await control.request({ op: 'kill' });
  });
});

describe('shim: restarts', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('restarts with a doubling wait until the retries are used up', async () => {
    const { container, control } = await lab.run('echo run; exit 5', {
      shim: { restart: { policy: 'on-failure', maxRetries: 3, backoffInitialMs: 50, backoffCapMs: 120 } },
    });
    await control.closed;
    const again = ['restarting', 'running'];
    assert.deepEqual(container.phases, ['running', ...again, ...again, ...again, 'exited']);
    const state = container.state as unknown as {
      restartCount: number;
      runs: { startedAt: string; finishedAt: string }[];
    };
    assert.equal(state.restartCount, 3);
    const waits = state.runs
      .slice(1)
      .map((run, i) => Date.parse(run.startedAt) - Date.parse(state.runs[i]?.finishedAt ?? ''));
    for (const [i, least] of [50, 100, 120].entries()) {
      const wait = waits[i] ?? 0;
      // How long a busy machine takes to start a container is no part of the wait.
      assert.ok(wait >= least - 1 && wait < least + 10_000, `waits were ${waits.join()}`);
    }
    assert.deepEqual(container.logLines, Array(4).fill('stdout F run'));
  });

  it('does not restart after success with on-failure', async () => {
    const { container, control } = await lab.run('exit 0', { shim: { restart: { policy: 'on-failure' } } });
    await control.closed;
    assert.deepEqual(container.phases, ['running', 'exited']);
  });

  it('restarts what was killed by a signal, with nobody connected, and keeps its files', async () => {
    const { container, control, state } = await lab.run('echo x >> /count; wc -l < /count; sleep 100', {
      shim: { restart: { policy: 'always', backoffInitialMs: 20 } },
    });
    await eventually('the first run', () => container.log.includes('F 1\n'));
    control.close();
    process.kill(state.pid === null ? assert.fail() : state.pid, 'SIGKILL');
    await eventually('the second run', () => container.log.includes('F 2\n'));
    assert.equal(container.state.restartCount, 1);
    const other = await container.connect();
    await other.request({ op: 'stop', graceMs: 0 });
    assert.equal(container.state.phase, 'exited');
  });

  it('lets a stop end the wait for the next run', async () => {
    const { container, control } = await lab.run('exit 1', {
      shim: { restart: { policy: 'always', backoffInitialMs: 60_000 } },
    });
    const waiting = await container.until(({ phase }) => phase === 'restarting');
    assert.ok(Date.parse(waiting.nextRestartAt ?? '') > Date.now() + 50_000);
    const { state } = await control.request({ op: 'stop' });
    assert.deepEqual([(state as { phase: string }).phase, container.state.exitCode], ['exited', 1]);
  });

  it('restarts at once when asked, from the bundle as it is then', async () => {
    const { container, control } = await lab.run('echo first; sleep 100');
    await eventually('first', () => container.log.includes('first'));
    lab.rewriteSpec(container, ['sh', '-c', 'echo second; sleep 100']);
    const { state } = await control.request({ op: 'restart', graceMs: 0 });
    assert.equal((state as { phase: string }).phase, 'running');
    await eventually('second', () => container.log.includes('second'));
    assert.equal(container.state.restartCount, 0);
    await control.request({ op: 'kill' });
  });

  it('reports a restart that fails, and ends', async () => {
    const { container, control } = await lab.run('sleep 100', { shim: { restart: { policy: 'always' } } });
    lab.rewriteSpec(container, ['/bin/missing']);
    await assert.rejects(control.request({ op: 'restart', graceMs: 0 }), isNativeError('exec-not-found'));
    assert.equal(container.state.phase, 'exited');
  });

  it('goes on trying by the policy when a later start fails', async () => {
    const { container, control, state } = await lab.run('sleep 100', {
      shim: { restart: { policy: 'always', backoffInitialMs: 20 } },
    });
    writeFileSync(join(container.directory, 'config.json'), '{}');
    process.kill(state.pid ?? assert.fail(), 'SIGKILL');
    await container.until(({ phase, restartCount }) => phase === 'restarting' && restartCount > 0);
    lab.rewriteSpec(container, ['sh', '-c', 'exit 0']);
    await container.until(({ phase, restartCount }) => phase === 'running' && restartCount > 0);
    await control.request({ op: 'stop' });
  });
});
