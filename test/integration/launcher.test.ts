import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'mocha';
import { Launcher } from '../../agents/host/native/launcher.ts';
import { ShimSocket } from '../../agents/host/native/shim-socket.ts';
import { isNativeError } from '../support/native-errors.ts';
import { eventually, ShimLab, shimProgram } from '../support/shim-lab.ts';
import { readDescriptors } from '../support/shim-leftovers.ts';

function sessionOf(pid: number): number {
  return Number((readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ')[3]);
}

describe('launcher', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('starts shims in a session of their own that inherit nothing', async () => {
    const { control, state } = await lab.run('sleep 100');
    const files = readDescriptors(state.shimPid);
    assert.equal(sessionOf(state.shimPid) === sessionOf(process.pid), false);
    assert.equal(readlinkSync(`/proc/${state.shimPid}/cwd`), '/');
    assert.equal(files.filter((file) => file === '/dev/null').length, 3);
    // Beside the standard ones: epoll, signals, log, listener, this connection, two outputs, and the box's own few.
    assert.ok(files.length <= 14, files.join(' '));
    await control.request({ op: 'kill' });
  });

  it('gives a container nothing but its standard descriptors', async () => {
    const { container, control } = await lab.run('ls /proc/self/fd | wc -l; echo ready');
    await control.closed;
    // ls itself opens the directory.
    assert.deepEqual(container.logLines, ['stdout F 4', 'stdout F ready']);
  });

  it('starts fifty at once', async () => {
    const containers = Array.from({ length: 50 }, (_, i) =>
      lab.describe(`exit ${i}`, { shim: { autostart: true, restart: { policy: 'no' } } }),
    );
    await Promise.all(containers.map(({ configPath }) => lab.launcher.startShim(configPath)));
    await eventually('all have ended', () => containers.every(({ state }) => state.phase === 'exited'));
    assert.deepEqual(
      containers.map(({ state }) => state.exitCode),
      [...containers.keys()],
    );
  });

  it('leaves nothing of a container that cannot be made', async () => {
    const container = lab.describe('true', { process: { cwd: 17 } });
    await assert.rejects(lab.launcher.startShim(container.configPath), isNativeError('invalid', 'process.cwd'));
    const unmountable = lab.describe('true', { shim: { rootfs: { lower: ['/missing'], upper: null, work: null } } });
    await assert.rejects(lab.launcher.startShim(unmountable.configPath), isNativeError('mount'));
    for (const { directory, isListening } of [container, unmountable]) {
      assert.deepEqual([isListening, existsSync(join(directory, 'state.json'))], [false, false]);
    }
    await eventually('no process is left', () => lab.findProcesses().length === 0);
  });

  it('leaves nothing of a container that cannot start at once', async () => {
    const container = lab.describe(['/bin/missing'], { shim: { autostart: true, restart: { policy: 'always' } } });
    await assert.rejects(lab.launcher.startShim(container.configPath), isNativeError('exec-not-found'));
    assert.deepEqual([container.isListening, existsSync(join(container.directory, 'state.json'))], [false, false]);
    await eventually('no process is left', () => lab.findProcesses().length === 0);
  });

  it('names the field of a bad shim.json', async () => {
    const container = lab.describe('true', { shim: { restart: { policy: 'perhaps' } } });
    await assert.rejects(lab.launcher.startShim(container.configPath), isNativeError('invalid', 'restart.policy'));
    writeFileSync(container.configPath, '{"version":1,');
    await assert.rejects(lab.launcher.startShim(container.configPath), isNativeError('invalid', 'shim.json:1'));
    await assert.rejects(lab.launcher.startShim('/missing/shim.json'), isNativeError('not-found'));
  });

  it('refuses a second shim for a living one, which takes no notice', async () => {
    const { container, control } = await lab.run('sleep 100');
    await assert.rejects(lab.launcher.startShim(container.configPath), isNativeError('exists'));
    assert.equal(((await control.request({ op: 'state' }))['state'] as { phase: string }).phase, 'running');
    await control.request({ op: 'kill' });
  });

  it('takes over the socket of a shim that was killed', async () => {
    const { container, control, state } = await lab.run('sleep 100');
    process.kill(state.shimPid, 'SIGKILL');
    await control.closed;
    assert.equal(container.isListening, true);
    process.kill(state.pid ?? assert.fail(), 'SIGKILL');
    await eventually('the container has ended', () => !existsSync(`/proc/${String(state.pid)}`));
    const again = await lab.launcher.startShim(container.configPath);
    assert.notEqual(again.shimPid, state.shimPid);
    await (await container.connect()).request({ op: 'kill' });
  });

  it('makes a socket at a path that is longer than a socket address', async () => {
    const socket = join(lab.directory, 'long'.repeat(40), 'shim.sock');
    mkdirSync(dirname(socket));
    const container = lab.describe('sleep 100', { shim: { socket } });
    await lab.launcher.startShim(container.configPath);
    const control = await ShimSocket.connect(socket);
    await control.request({ op: 'kill' });
    assert.equal(existsSync(socket), false);
  });

  it('starts a helper, waits for its word and gives it a log', async () => {
    const log = join(lab.directory, 'helper.log');
    await lab.launcher.spawn(
      ['/bin/sh', '-c', 'echo noise; echo "{\\"ready\\":true}" >&$TSSTACK_READY_FD; sleep 0.1'],
      log,
    );
    assert.equal(readFileSync(log, 'utf8'), 'noise\n');
    const failing =
      'echo "{\\"error\\":{\\"code\\":\\"io\\",\\"message\\":\\"no luck\\",\\"errno\\":\\"\\",\\"path\\":\\"\\"}}" >&3';
    await assert.rejects(lab.launcher.spawn(['/bin/sh', '-c', failing], log), isNativeError('io', 'no luck'));
    await assert.rejects(lab.launcher.spawn(['/bin/sh', '-c', 'exit 1'], log), isNativeError('internal', 'its log'));
    await assert.rejects(lab.launcher.spawn(['/missing/program'], log), {
      message: 'run /missing/program: no such file or directory (ENOENT)',
      hint: /`\.\/setup`/,
    });
    await assert.rejects(lab.launcher.spawn(['/bin/true'], '/missing/log'), isNativeError('not-found', '/missing/log'));
  });

  it('says which program cannot be run, why, and what to do', async () => {
    const program = join(lab.directory, 'tsstack-shim');
    const hint = /`\.\/setup`/;
    const ask = (): Promise<unknown> => new Launcher(program).startShim('/missing/shim.json');
    await assert.rejects(ask, { message: `run ${program}: no such file or directory (ENOENT)`, hint });
    writeFileSync(program, '');
    await assert.rejects(ask, { message: `run ${program}: permission denied (EACCES)`, hint });
    writeFileSync(program, '#!/bin/sh\nread request; exit 3\n', { mode: 0o755 });
    chmodSync(program, 0o755);
    await assert.rejects(ask, { message: `start a process: ${program} --launcher ended: exit status 3` });
  });

  it('ends with its input, and the shims live on', async () => {
    const launcher = new Launcher(shimProgram);
    const container = lab.describe('sleep 100');
    const { shimPid } = await launcher.startShim(container.configPath);
    launcher.close();
    const control = await container.connect();
    await control.request({ op: 'start' });
    assert.ok(existsSync(`/proc/${shimPid}`));
    await control.request({ op: 'kill' });
  });

  it('answers bad requests and goes on', async () => {
    const child = spawn(shimProgram, ['--launcher'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (line: string): Promise<string> => {
      child.stdin.write(`${line}\n`);
      return String((await lines.next()).value);
    };
    assert.match(await ask('nonsense'), /"code":"invalid"/);
    assert.match(await ask('{"seq":3}'), /"seq":3/);
    assert.match(await ask('{"seq":4,"shim":17}'), /"path":"shim"/);
    assert.match(await ask('{"seq":5,"spawn":[1]}'), /"path":"spawn\[0\]"/);
    child.stdin.end();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
});
