import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { HostPaths } from '../../agents/host/host-paths.ts';
import { connectShim } from '../../agents/host/native/shim-client.ts';
import { readStateFile } from '../../agents/host/native/shim-state-file.ts';
import { Container } from '../../agents/host/tasks/container.ts';
import type { ShimSeam, ShimState } from '../../agents/host/tasks/shim.ts';
import { eventually, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';

const crashing = { policy: 'always', backoffInitialMs: 1, backoffCapMs: 1 };

/** A daemon's view of a lab container, as a new daemon has it. */
class Newcomer {
  readonly warnings: string[] = [];
  readonly states: ShimState[] = [];
  readonly container: Container;

  constructor(lab: ShimLab, of: LabContainer) {
    const refuse = (): never => assert.fail('not needed to adopt a container');
    const shims: ShimSeam = {
      launch: refuse,
      connect: connectShim,
      isAlive: ({ shimPid }) => existsSync(`/proc/${shimPid}`),
      find: () => lab.findProcesses()[0] ?? null,
      kill: refuse,
      exec: refuse,
      attach: refuse,
    };
    const paths = new HostPaths({ dataRoot: of.directory, runRoot: of.directory }).container('x');
    Object.defineProperties(paths, {
      stateFile: { value: join(of.directory, 'state.json') },
      socket: { value: of.socketPath },
      shimConfig: { value: of.configPath },
    });
    this.container = new Container({
      paths,
      cgroup: `${lab.cgroup}/${of.name}`,
      shims,
      onState: (state) => this.states.push(state),
      warn: (message) => this.warnings.push(message),
    });
  }
}

describe('shim: the state on disk', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('keeps what became of the last sixteen runs while nobody was there', async () => {
    const { container, control } = await lab.run('n=$(cat /n || echo 1); echo $((n + 1)) > /n; exit $n', {
      shim: { restart: { ...crashing, policy: 'on-failure', maxRetries: 20 } },
    });
    control.close();
    await eventually('it has given up', () => !container.isListening);
    const { runs, restartCount, phase } = container.state;
    assert.equal(phase, 'exited');
    assert.equal(restartCount, 20);
    assert.deepEqual(
      runs.map(({ exitCode }) => exitCode),
      Array.from({ length: 16 }, (_, i) => i + 6),
    );
    const times = runs.flatMap(({ startedAt, finishedAt }) => [startedAt ?? '', finishedAt ?? '']);
    assert.deepEqual(times, times.toSorted());
  });

  it('is whole whenever its shim is killed, and so is its predecessor', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { container, control, state } = await lab.run('exit 1', { shim: { restart: crashing } });
      control.close();
      // Anywhere in a cycle of some ten milliseconds in which the file changes four times.
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 15));
      process.kill(state.shimPid, 'SIGKILL');
      // Its process may stay unreaped for a while.
      await eventually('the shim is gone', () => !lab.findProcesses().includes(state.shimPid));
      const path = join(container.directory, 'state.json');
      const [current, previous] = [readStateFile(path), readStateFile(`${path}.previous`)];
      assert.equal(current.damage, null);
      assert.ok(current.state !== null && current.state.seq >= 2);
      // Between the exchange and the rename the predecessor is that of the one before.
      if (previous.state !== null) assert.ok(previous.state.seq < current.state.seq);
    }
  });

  for (const [title, damage] of [
    ['torn', (text: string) => text.slice(0, text.length / 2)],
    ['changed', (text: string) => text.replace('"running"', '"created"')],
    ['empty', () => ''],
  ] as const) {
    it(`gives way to its predecessor when it is ${title}, and says so; the living shim then tells the truth`, async () => {
      const { container, control, state } = await lab.run('sleep 100');
      const path = join(container.directory, 'state.json');
      writeFileSync(path, damage(container.stateText));
      const newcomer = new Newcomer(lab, container);
      await newcomer.container.adopt();
      await eventually('the shim has answered', () => newcomer.container.phase === 'running');
      assert.equal(newcomer.container.state?.pid, state.pid);
      assert.match(
        newcomer.warnings.join('\n'),
        /the state file .*state\.json is (torn|damaged).*the one before it is used/,
      );
      newcomer.container.release();
      await control.request({ op: 'kill' });
    });
  }

  it('is asked of the living shim when nothing whole is on the disk', async () => {
    const { container, control, state } = await lab.run('sleep 100');
    for (const suffix of ['', '.previous']) writeFileSync(join(container.directory, `state.json${suffix}`), 'rubbish');
    const newcomer = new Newcomer(lab, container);
    await newcomer.container.adopt();
    assert.equal(newcomer.container.phase, 'running');
    assert.equal(newcomer.container.state?.pid, state.pid);
    assert.match(newcomer.warnings.join('\n'), /is torn/);
    newcomer.container.release();
    await control.request({ op: 'kill' });
  });

  it('is written again at the next change after it was damaged or removed', async () => {
    const { container, control } = await lab.run('sleep 100');
    const path = join(container.directory, 'state.json');
    rmSync(path);
    await control.request({ op: 'pause' });
    assert.equal(readStateFile(path).state?.phase, 'paused');
    writeFileSync(path, 'rubbish');
    await control.request({ op: 'resume' });
    assert.deepEqual([readStateFile(path).damage, readStateFile(path).state?.phase], [null, 'running']);
    await control.request({ op: 'kill' });
  });
});
