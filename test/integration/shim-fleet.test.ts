import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { removeCgroupRemains } from '../../agents/host/containers/cgroup-remains.ts';
import { NativeError } from '../../agents/host/native/native-error.ts';
import { attachToShim, execInShim } from '../../agents/host/native/shim-client.ts';
import type { ExecOptions, ShimSession } from '../../agents/host/tasks/shim.ts';
import { isNativeError } from '../support/native-errors.ts';
import { hasSanitizers } from '../support/native-build.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';
import { findLeftovers, readDescriptors } from '../support/shim-leftovers.ts';

function exec(
  container: LabContainer,
  process: Readonly<Record<string, unknown>>,
  stdin = false,
): Promise<ShimSession> {
  // The tests give the few fields that matter here.
  const options = { process: process as unknown as ExecOptions['process'], stdin };
  return execInShim(container.socketPath, { ...options, detach: false, timeoutMs: null, privileged: false });
}

describe('shim: many of them', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('starts fifty containers at once, and nothing is left of them afterwards', async () => {
    const containers = Array.from({ length: 50 }, (_, i) =>
      lab.describe(`echo ${i}; sleep 1000`, { shim: { autostart: true, stop: { signal: 'SIGKILL' } } }),
    );
    const states = await Promise.all(containers.map(({ configPath }) => lab.launcher.startShim(configPath)));
    assert.deepEqual(new Set(states.map(({ phase }) => phase)), new Set(['running']));
    assert.equal(new Set(states.map(({ pid }) => pid)).size, 50);
    assert.match(findLeftovers(lab, containers[0] ?? assert.fail()).join(), /cgroup.*shim\.sock.*process/);
    await eventually('all have said their word', () => containers.every(({ log }) => log.endsWith('\n')));
    const sockets = await Promise.all(containers.map((container) => container.connect()));
    await Promise.all(sockets.map((socket) => socket.request({ op: 'stop' })));
    await Promise.all(sockets.map(({ closed }) => closed));
    await eventually('the shims end', () => lab.findProcesses().length === 0);
    for (const [i, container] of containers.entries()) {
      assert.deepEqual(findLeftovers(lab, container), []);
      assert.deepEqual(container.logLines, [`stdout F ${i}`]);
    }
  });

  it('outlives a launcher that is killed, in whose place comes another', async () => {
    const { container, control, state } = await lab.run('echo ready; sleep 1000');
    const [launcher] = globSync('/proc/[0-9]*/task/*/children')
      .filter((path) => path.startsWith(`/proc/${process.pid}/`))
      .flatMap((path) => readFileSync(path, 'utf8').split(' ').filter(Boolean))
      .filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'tsstack-launch')
      .slice(-1);
    process.kill(Number(launcher), 'SIGKILL');
    await eventually('the launcher is reaped', () => !existsSync(`/proc/${launcher}`));
    assert.equal(((await control.request({ op: 'state' }))['state'] as { pid: number }).pid, state.pid);
    const other = await lab.run('exit 4');
    await other.control.closed;
    assert.equal(other.container.state.exitCode, 4);
    await control.request({ op: 'kill' });
    assert.equal(container.state.phase, 'exited');
  });
});

describe('shim: what it keeps and what it hands on', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('keeps no descriptor and no process of two hundred execs and fifty restarts', async () => {
    const { container, control, state } = await lab.run('echo ready; exec sleep 1000', {
      shim: { restart: { policy: 'always', backoffInitialMs: 1, backoffCapMs: 1 } },
    });
    await eventually('ready', () => container.log.includes('ready'));
    const before = readDescriptors(state.shimPid);
    for (let i = 0; i < 200; i += 20) {
      const sessions = Array.from({ length: 20 }, async (_, j) => {
        const session = await exec(container, { ...processOf('exit 0'), terminal: j % 5 === 0 }, j % 2 === 0);
        assert.equal((await session.exit).exitCode, 0);
      });
      await Promise.all(sessions);
    }
    for (let i = 1; i <= 50; i += 1) {
      process.kill(container.state.pid ?? assert.fail(), 'SIGKILL');
      await container.until(({ phase, restartCount }) => phase === 'running' && restartCount === i);
    }
    await eventually('the last session ends', () => readDescriptors(state.shimPid).length <= before.length);
    assert.deepEqual(readDescriptors(state.shimPid), before);
    assert.equal(container.state.restartCount, 50);
    assert.equal((container.state as unknown as { runs: unknown[] }).runs.length, 16);
    await control.request({ op: 'kill' });
    await control.closed;
    await eventually('the shim ends', () => lab.findProcesses().length === 0);
    assert.deepEqual(findLeftovers(lab, container), []);
  });

  it('takes little memory while its container is idle', async () => {
    const { container, control, state } = await lab.run('echo ready; sleep 1000');
    await eventually('ready', () => container.log.includes('ready'));
    const readOwnKb = (): number =>
      Number(/^Pss_Anon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${state.shimPid}/smaps_rollup`, 'utf8'))?.[1]);
    // Beside the program, which all shims share. It is 92 kB today; a build with sanitizers takes some 30 MB.
    const limitKb = hasSanitizers ? 100_000 : 160;
    // The buffers go up to four seconds after the last output.
    await eventually('memory is given back', () => readOwnKb() < limitKb);
    await control.request({ op: 'kill' });
  });

  it('hands no descriptor and no signal setting of its own on', async () => {
    const look = 'ls /proc/self/fd | wc -l; grep -E ^Sig[^Q] /proc/self/status; cat /proc/self/oom_score_adj';
    const { container, control } = await lab.run(`${look}; echo ready; sleep 1000`, {
      process: { oomScoreAdj: 123 },
    });
    await eventually('ready', () => container.log.includes('ready'));
    const session = await exec(container, processOf(look));
    let output = '';
    for await (const { bytes } of session.output) output += bytes.toString();
    const first = container.logLines.slice(0, -1).map((line) => line.replace('stdout F ', ''));
    assert.equal(first[0], '4'); // its three, and the directory that ls reads
    assert.match(first.join('\n'), /^SigIgn:\s0+$/m);
    assert.match(first.join('\n'), /^SigBlk:\s0+$/m);
    assert.equal(first.at(-1), '123');
    // A process of an exec is no different.
    assert.deepEqual(output.trim().split('\n'), first);
    await control.request({ op: 'kill' });
  });

  it('answers for SIGKILL to a frozen container, which dies and restarts by its policy', async () => {
    const { container, control } = await lab.run('sleep 1000', {
      shim: { restart: { policy: 'always', backoffInitialMs: 1 } },
    });
    await control.request({ op: 'pause' });
    await control.request({ op: 'signal', signal: 'KILL' });
    await container.until(({ phase, restartCount }) => phase === 'running' && restartCount === 1);
    await control.request({ op: 'kill' });
  });

  it('serves either the container or an exec on one connection', async () => {
    const { container, control } = await lab.run('sleep 1000');
    const attached = await container.connect();
    await attached.request({ op: 'attach', stdin: false, output: true });
    await assert.rejects(attached.request({ op: 'exec', process: processOf('true') }), isNativeError('state'));
    attached.close();
    await control.request({ op: 'kill' });
  });

  it('hangs up on a client that waits for far too many answers', async () => {
    const { container, control } = await lab.run('trap "" TERM; echo ready; while :; do sleep 0.05; done');
    await eventually('ready', () => container.log.includes('ready'));
    const hostile = await container.connect();
    const waiting = Array.from({ length: 100 }, () => hostile.request({ op: 'stop', graceMs: -1 }, null));
    for (const answer of waiting) await assert.rejects(answer, { code: 'unavailable' });
    await control.request({ op: 'kill' });
  });

  it('answers a stop that comes at the moment of the end', async () => {
    const { container, control } = await lab.run('echo done; exit 5');
    const answer = await control.request({ op: 'stop' }).catch((error: unknown) => error);
    await control.closed;
    assert.ok(!(answer instanceof NativeError));
    assert.equal(container.state.exitCode, 5);
  });

  it('leaves a container behind, when it is killed itself, that the agent can find and end', async () => {
    const { container, control, state } = await lab.run('echo ready; sleep 1000');
    await eventually('ready', () => container.log.includes('ready'));
    const attached = await attachToShim(container.socketPath, { stdin: false, output: true });
    process.kill(state.shimPid, 'SIGKILL');
    await control.closed;
    await assert.rejects(attached.exit);
    assert.deepEqual([container.state.phase, container.state.shimPid], ['running', state.shimPid]);
    assert.ok(existsSync(`/proc/${state.pid}`));
    await removeCgroupRemains(`${lab.cgroup}/${container.name}`);
    await eventually('the container ends', () => !existsSync(`/proc/${state.pid}/exe`));
    // The same shim.json serves again: neither the dead socket nor the old state is in the way.
    const again = await lab.launcher.startShim(container.configPath);
    assert.equal(again.phase, 'created');
    const other = await container.connect();
    await other.request({ op: 'kill' });
    await other.closed;
    await eventually('the shim ends', () => lab.findProcesses().length === 0);
    assert.deepEqual(findLeftovers(lab, container), []);
  });

  it('lives on when its run directory is gone', async () => {
    const { container, control, state } = await lab.run('sleep 1000');
    rmSync(container.directory, { recursive: true, force: true });
    assert.equal(((await control.request({ op: 'state' }))['state'] as { phase: string }).phase, 'running');
    await control.request({ op: 'kill' });
    await control.closed;
    await eventually('the shim ends', () => !existsSync(`/proc/${state.shimPid}/exe`));
  });
});
