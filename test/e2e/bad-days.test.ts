import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { calmMs } from '../support/calm-time.ts';
import { findProcesses, isRunning } from '../support/host-processes.ts';
import { OutsideWorld } from '../support/outside-world.ts';
import { simulateReboot } from '../support/reboot.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import { until, untilGone, type ShimState } from '../support/test-host.ts';

const base = '{ image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 0s';
const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
const crowd = `
name: crowd
services:
${names.map((name, index) => `  ${name}: ${base}, volumes: [v${index % 3}:/data], depends_on: [${index % 4 === 3 ? `s${index - 1}` : ''}] }`).join('\n')}
volumes: { v0: {}, v1: {}, v2: {} }
`;

const policies = `
name: policies
services:
  always: ${base}, restart: always }
  unless-stopped: ${base}, restart: unless-stopped }
  never: ${base} }
  job: { image: busybox:test, command: "sh -c 'exit 3'" }
`;

describe('bad days', () => {
  const host = busyboxHost();
  let crowdFile = '';
  let policiesFile = '';

  /** What the shims have written, which needs no daemon. */
  function shimStates(): readonly ShimState[] {
    return globSync(join(host.runRoot, 'containers/*/state.json')).map(
      (path) => JSON.parse(readFileSync(path, 'utf8')) as ShimState,
    );
  }
  const runningPids = (): readonly number[] =>
    shimStates()
      .filter(({ phase }) => phase === 'running')
      .map(({ pid }) => pid);
  const shims = (): readonly number[] => findProcesses(join(host.runRoot, 'containers'), 'shim.json');
  async function endByCrash(pid: number): Promise<void> {
    process.kill(pid, 'SIGKILL');
    await untilGone(pid);
  }
  /** Without asking it. */
  async function killDaemon(): Promise<void> {
    const pid = Number(readFileSync(join(host.runRoot, 'daemon.pid'), 'utf8'));
    if (isRunning(pid)) await endByCrash(pid);
  }
  async function killDaemonWhile(args: readonly string[], afterMs: number): Promise<void> {
    const command = host.spawn(args);
    command.stdout?.resume();
    command.stderr?.resume();
    const ended = once(command, 'close');
    await delay(afterMs);
    await killDaemon();
    await ended;
  }
  async function assertCrowdRuns(): Promise<void> {
    const rows = await host.ps(crowdFile);
    assert.deepEqual(
      rows.map(({ Name, State }) => `${Name} ${State}`).toSorted(),
      names.map((name) => `crowd-${name}-1 running`),
    );
    // One for each container; that of one that is gone says goodbye before it ends.
    await until(
      async () => shims(),
      ({ length }) => length === names.length,
    );
    assert.equal(new Set(runningPids()).size, names.length);
  }

  async function assertNothingLeft(): Promise<void> {
    assert.deepEqual([await host.ps(crowdFile), shimStates()], [[], []]);
    // A shim says goodbye before it ends.
    await until(
      () => Promise.resolve(shims()),
      ({ length }) => length === 0,
    );
  }
  before(async () => {
    crowdFile = host.write('crowd.yml', crowd);
    policiesFile = host.write('policies.yml', policies);
  });

  describe('a daemon that is killed', () => {
    const seed = Number(process.env['TSSTACK_TEST_SEED'] ?? Date.now() % 100_000);
    const random = randomFrom(seed);
    let upMs = 0;
    let downMs = 0;

    before(async () => {
      upMs = await timed(() => host.ok(['-f', crowdFile, 'up', '-d']));
      downMs = await timed(() => host.ok(['-f', crowdFile, 'down', '-v']));
    });
    for (let round = 1; round <= 4; round += 1) {
      it(`at a random moment of up and of down is no loss (TSSTACK_TEST_SEED=${seed}, round ${round})`, async () => {
        await killDaemonWhile(['-f', crowdFile, 'up', '-d'], random() * upMs);
        const survivors = runningPids();
        assert.deepEqual(
          survivors.filter((pid) => !isRunning(pid)),
          [],
          'containers that ran run on',
        );
        await host.ok(['-f', crowdFile, 'up', '-d']);
        await assertCrowdRuns();
        assert.deepEqual(
          survivors.filter((pid) => !runningPids().includes(pid)),
          [],
          'and are no new ones',
        );
        await killDaemonWhile(['-f', crowdFile, 'down', '-v'], random() * downMs);
        await host.ok(['-f', crowdFile, 'down', '-v']);
        await assertNothingLeft();
      });
    }
  });

  describe('a helper that is killed', () => {
    let world: OutsideWorld;
    before(async () => {
      world = await OutsideWorld.create();
      await host.ok(['-f', policiesFile, 'up', '-d']);
    });
    after(async () => {
      await host.ok(['-f', policiesFile, 'down']);
      await world.close();
    });

    const containerOf = async (
      service: string,
    ): Promise<{ id: string; state: ShimState; exitCode: number; shown: string }> => {
      const row = (await host.ps(policiesFile)).find(({ Service }) => Service === service) ?? assert.fail(service);
      return { id: row.ID, state: host.shimState(row.ID), exitCode: row.ExitCode, shown: row.State };
    };
    for (const isDaemonDead of [false, true]) {
      it(`the shim: its container ends, and starts again where the policy says so${isDaemonDead ? ', seen by the next daemon' : ''}`, async () => {
        await host.ok(['-f', policiesFile, 'up', '-d']);
        const victims = await Promise.all(['always', 'never'].map(containerOf));
        if (isDaemonDead) await killDaemon();
        for (const { state } of victims) await endByCrash(state.shimPid);
        const never = await until(
          () => containerOf('never'),
          ({ shown }) => shown === 'exited',
        );
        assert.equal(never.exitCode, 137);
        const always = await until(
          () => containerOf('always'),
          ({ shown, state }) => shown === 'running' && state.pid !== victims[0]?.state.pid,
        );
        assert.ok(isRunning(always.state.pid));
        for (const { state } of victims) await untilGone(state.pid);
      });
    }
    it('tsstack-net: names resolve again at once', async () => {
      const { state } = await containerOf('always');
      const [net = 0] = findProcesses('tsstack-net', host.runRoot);
      await endByCrash(net);
      const began = calmMs();
      const reply = await until(
        () => world.lookUp(state.pid, 'unless-stopped').catch(() => null),
        (answer) => answer !== null,
      );
      assert.ok(calmMs() - began < 5000, `${calmMs() - began} ms`);
      assert.equal(reply?.answers.length, 1);
      assert.equal((await containerOf('always')).state.pid, state.pid);
    });
    it('the launcher: the next container starts', async () => {
      const daemon = Number(readFileSync(join(host.runRoot, 'daemon.pid'), 'utf8'));
      const launcher =
        findProcesses('--launcher').find((pid) => parentOf(pid) === daemon) ?? assert.fail('no launcher');
      const before = await containerOf('always');
      await endByCrash(launcher);
      await host.ok(['-f', policiesFile, 'up', '-d', '--force-recreate', 'unless-stopped']);
      assert.equal((await containerOf('unless-stopped')).shown, 'running');
      assert.equal((await containerOf('always')).state.pid, before.state.pid);
    });
  });

  describe('two commands at once', () => {
    it('of which both bring up, make every container once', async () => {
      const results = await Promise.all([1, 2].map(() => host.run(['-f', crowdFile, 'up', '-d'])));
      assert.deepEqual(
        results.map(({ code }) => code),
        [0, 0],
        results.map(({ stderr }) => stderr).join('\n'),
      );
      await assertCrowdRuns();
    });
    it('up while down is running: the later one holds', async () => {
      const down = host.spawn(['-f', crowdFile, 'down']);
      const ended = once(down, 'close');
      down.stdout?.resume();
      await once(down.stderr ?? assert.fail(), 'data');
      down.stderr?.resume();
      await host.ok(['-f', crowdFile, 'up', '-d']);
      await ended;
      await assertCrowdRuns();
      await host.ok(['-f', crowdFile, 'down', '-v']);
      await assertNothingLeft();
    });
  });

  describe('a store that is damaged', () => {
    it('is a clear error and touches no container', async () => {
      const path = join(host.dataRoot, 'manager/store.db');
      await host.ok(['-f', policiesFile, 'up', '-d']);
      // The job ends by itself.
      const before = await until(
        async () => runningPids(),
        ({ length }) => length === 3,
      );
      await killDaemon();
      const copy = join(host.directory, 'copy');
      cpSync(join(path, '..'), copy, { recursive: true });
      // Without the write-ahead log, which may hold a good copy of what gets overwritten.
      rmSync(`${path}-wal`, { force: true });
      writeFileSync(path, Buffer.alloc(8192, 'garbage'));
      const { code, stderr } = await host.run(['-f', policiesFile, 'ps']);
      cpSync(copy, join(path, '..'), { recursive: true });
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`open store ${path}: file is not a database`));
      assert.match(stderr, /restore it from a copy/);
      assert.deepEqual(
        before.filter((pid) => !isRunning(pid)),
        [],
      );
      await host.ok(['-f', policiesFile, 'up', '-d']);
      assert.deepEqual(runningPids().filter((pid) => before.includes(pid)).length, before.length);
    });
  });

  describe('a reboot', () => {
    it('brings back what restarts always, and shows the rest as exited', async () => {
      await host.ok(['-f', policiesFile, 'up', '-d']);
      const before = runningPids();
      await simulateReboot(host);
      assert.deepEqual(before.filter(isRunning), []);
      const states = async (): Promise<string> =>
        (await host.ps(policiesFile))
          .map(({ Service, State }) => `${Service} ${State}`)
          .toSorted()
          .join(', ');
      const wanted = 'always running, job exited, never exited, unless-stopped running';
      assert.equal(await until(states, (found) => found === wanted), wanted);
      await host.ok(['-f', policiesFile, 'up', '-d']);
      // The job runs again, for a moment.
      await until(
        async () => runningPids().length,
        (count) => count === 3,
      );
    });
  });
});

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Null when it has ended: other tests have launchers, too. */
function parentOf(pid: number): number | null {
  try {
    return Number(/^\d+ \(.*\) \w (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

/** mulberry32: small, and the same everywhere for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
