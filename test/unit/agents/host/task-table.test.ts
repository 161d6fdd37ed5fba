import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NativeError } from '../../../../agents/host/native/native-error.ts';
import type { TaskRecord } from '../../../../agents/host/tasks/task-record.ts';
import { failedStart } from '../../../../agents/host/tasks/steps/failed-start.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import { stateFileText } from '../../../support/state-file-text.ts';
import { containerSpec, networkObject, serviceSpec, taskObject } from './builders.ts';
import { FakeDaemon, FakeMachine } from './fake-host.ts';

const network = networkObject();
const attachment = {
  networkId: network.id,
  network: 'default',
  addresses: ['172.30.0.5/24'],
  gateways: ['172.30.0.1'],
  mac: '02:42:ac:1e:00:05',
  aliases: ['front'],
};
const port = { target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null, published: null } as const;

function task(change: Partial<TaskObject> = {}): TaskObject {
  return taskObject({ attachments: [attachment], spec: serviceSpec({ ports: [port] }), ...change });
}

const lost = failedStart(new Error('it was killed'));

function exists(machine: FakeMachine): boolean {
  const { run, data } = machine.paths.container(task().id);
  return existsSync(run) || existsSync(data);
}

describe('task table', () => {
  let machine: FakeMachine;
  let daemons: FakeDaemon[];

  beforeEach(() => {
    machine = new FakeMachine();
    daemons = [];
  });
  afterEach(async () => {
    await Promise.all(daemons.map(({ table }) => table.release()));
    machine.remove();
  });

  function daemon(): FakeDaemon {
    const made = new FakeDaemon(machine);
    daemons.push(made);
    return made;
  }

  it('removes a network that was assigned again and deleted again while it was being removed', async () => {
    const host = daemon();
    host.assign([network]);
    host.assign([], { removed: [network] });
    const before = host.effects;
    while (host.effects === before) await Promise.resolve();
    host.assign([network]);
    host.assign([], { removed: [network] });
    await host.until(() => host.history.filter((name) => name === 'remove network').length === 2);
  });

  it('tells when the name of its image means another one, or none', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    const currentOf = ({ statuses }: FakeDaemon): unknown => statuses.get(task().id)?.container?.currentImageId;
    assert.equal(currentOf(host), 'sha256:1');
    host.currentImageId = 'sha256:2';
    host.table.lookAtImages();
    assert.equal(currentOf(host), 'sha256:2');
    host.currentImageId = undefined;
    host.table.lookAtImages();
    assert.equal(currentOf(host), 'sha256:2', 'what is not known changes nothing');
    host.currentImageId = null;
    host.table.lookAtImages();
    assert.equal(currentOf(host), null);
  });

  it('brings a task from assigned to running, reports it, and gives it names and ports', async () => {
    const host = daemon();
    host.assign([network, task()]);
    const status = await host.untilState(task().id, 'running');
    assert.equal(status.container?.pid, 7);
    assert.deepEqual(status.container?.ports, [{ target: 80, protocol: 'tcp', hostIp: '0.0.0.0', published: 80 }]);
    assert.deepEqual(machine.names.get('shop_default'), [
      'aaaaaaaaaaaa',
      'aaaaaaaaaaaa.shop_default',
      'front',
      'front.shop_default',
      'shop-web-1',
      'shop-web-1.shop_default',
      'tasks.web',
      'tasks.web.shop_default',
      'web',
      'web.shop_default',
    ]);
    assert.ok(
      host.history.indexOf('names') < host.history.indexOf('launch'),
      'names resolve before the program starts',
    );
  });

  it('creates without starting while the task is wanted ready, then starts', async () => {
    const host = daemon();
    host.assign([network, task({ desired: 'ready' })]);
    await host.untilState(task().id, 'ready');
    assert.ok(!host.history.includes('start'));
    host.assign([task()]);
    await host.untilState(task().id, 'running');
    assert.equal(machine.launches, 1);
  });

  it('tells how a container ended and takes its ports and names back', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    machine.exit(3);
    const status = await host.untilState(task().id, 'failed');
    assert.equal(status.container?.exitCode, 3);
    assert.match(status.message, /exited with code 3/);
    await host.until(() => machine.published.size === 0);
    host.assign([task({ desiredRun: 2 })]);
    await host.untilState(task().id, 'running', 2);
    assert.equal(machine.launches, 2);
    assert.ok(host.history.includes('image never'), 'a further run takes the image of the first');
  });

  it('ends only when all hosts lead to others, and then says which may not', async () => {
    const host = daemon();
    const told = Promise.withResolvers<readonly string[]>();
    const asked = Promise.withResolvers<void>();
    const endpoints = { kind: 'endpoints', id: 'e', version: 7, networkId: network.id } as const;
    machine.spanned.set(network.id, {
      network,
      endpoints: { ...endpoints, nodes: [], tasks: [], services: [], encryption: null },
    });
    host.leadAway = () => {
      asked.resolve();
      return told.promise;
    };
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    host.assign([task({ desired: 'stopped' })]);
    await asked.promise;
    assert.equal(host.statuses.get(task().id)?.container?.serving, false, 'what the manager leads others away by');
    assert.ok(!host.history.includes('unpublish'), 'it is there for whoever is still led to it');
    assert.ok(!host.history.includes('stop'));
    told.resolve(['w1', 'w2']);
    await host.untilState(task().id, 'shutdown');
    assert.ok(host.history.indexOf('unpublish') < host.history.indexOf('stop'));
    assert.match(host.logged.join(), /shop-web-1 ends, though others may still be led to it by w1, w2/);
  });

  it('stops, keeps, starts again and removes without a trace', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    host.assign([task({ desired: 'stopped' })]);
    assert.equal((await host.untilState(task().id, 'shutdown')).container?.exitCode, 143);
    host.assign([task({ desiredRun: 2 })]);
    await host.untilState(task().id, 'running', 2);
    host.assign([task({ desired: 'remove', desiredRun: 2 })]);
    await host.untilRemoved(task().id);
    assert.equal(exists(machine), false);
    assert.deepEqual([machine.sandboxes.size, machine.published.size], [0, 0]);
    assert.deepEqual(machine.names.get('shop_default'), []);
  });

  it('restarts a running container for a new run', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    host.assign([task({ desiredRun: 2 })]);
    await host.untilState(task().id, 'running', 2);
    assert.equal(machine.launches, 2);
  });

  it('rejects what cannot be prepared and fails what cannot be started', async () => {
    const host = daemon();
    machine.launchError = new NativeError({
      code: 'mount',
      message: 'mount web on /data',
      errno: 'ENOENT',
      path: '/data',
    });
    host.assign([network, task()]);
    assert.match((await host.untilState(task().id, 'rejected')).message, /mount web on/);
    machine.launchError = new NativeError({
      code: 'exec-not-found',
      message: 'no nginx',
      errno: 'ENOENT',
      path: 'nginx',
    });
    host.assign([task({ desiredRun: 2 })]);
    const status = await host.untilState(task().id, 'failed', 2);
    assert.equal(status.container?.exitCode, 127);
    assert.equal(status.error?.code, 'not-found');
  });

  it('copies the image for a container with ids of its own where the host cannot map them', async () => {
    const mapped = task({ spec: serviceSpec({ container: containerSpec({ userNamespace: 'auto' }) }) });
    const paths = machine.paths.container(mapped.id);
    const rootfs = (): unknown => (JSON.parse(readFileSync(paths.shimConfig, 'utf8')) as { rootfs: unknown }).rootfs;
    const { upper, work } = paths;
    const cannotMap = {
      code: 'id-map',
      message: 'map the ids of /layers/a',
      errno: 'EINVAL',
      path: '/layers/a',
    } as const;
    const host = daemon();
    machine.launchError = new NativeError(cannotMap);
    host.assign([network, mapped]);
    await host.untilState(mapped.id, 'running');
    const owned = { directory: null, lower: [paths.ownedRoot], upper, work, mapIds: false };
    assert.deepEqual(rootfs(), owned);
    assert.equal(readFileSync(join(paths.ownedRoot, 'owner'), 'utf8'), '1000000');
    assert.equal(statSync(upper).uid, 1_000_000);
    host.assign([{ ...mapped, desiredRun: 2 }]);
    await host.untilState(mapped.id, 'running', 2);
    assert.deepEqual(rootfs(), owned);
    assert.equal(host.history.filter((name) => name === 'copy root').length, 1);
  });

  it('does not copy an image for the sake of a volume whose ids cannot be mapped', async () => {
    const host = daemon();
    const spec = serviceSpec({ container: containerSpec({ userNamespace: 'auto' }) });
    const cannotMap = { code: 'id-map', message: 'map the ids of /v', errno: 'EINVAL', path: 'mounts[9]' } as const;
    machine.launchError = new NativeError(cannotMap);
    host.assign([network, task({ spec })]);
    const status = await host.untilState(task().id, 'rejected');
    assert.equal(status.error?.code, 'unsupported');
    assert.ok(!host.history.includes('copy root'));
  });

  it('gives up preparing when the task is to go', async () => {
    const host = daemon();
    host.assign([network, task()]);
    host.assign([task({ desired: 'remove' })]);
    await host.untilRemoved(task().id);
    assert.equal(exists(machine), false);
  });

  it('re-adopts what runs before any manager is asked', async () => {
    const first = daemon();
    first.assign([network, task()]);
    await first.untilState(task().id, 'running');
    await first.table.release();
    const second = daemon();
    second.table.adopt();
    await second.until(() => machine.names.get('shop_default')?.includes('web') === true);
    second.table.reportAll();
    assert.equal(second.statuses.get(task().id)?.state, 'running');
    machine.exit(0);
    await second.untilState(task().id, 'complete');
    assert.equal(machine.launches, 1);
  });

  it('has a container serve that a daemon has started and not seen running', async () => {
    const first = daemon();
    first.assign([network, task()]);
    await first.untilState(task().id, 'running');
    await first.table.release();
    const path = machine.paths.container(task().id).record;
    const seen = JSON.parse(readFileSync(path, 'utf8')) as TaskRecord;
    const container = seen.status.container && { ...seen.status.container, phase: 'created', serving: false };
    writeFileSync(path, JSON.stringify({ ...seen, status: { ...seen.status, state: 'starting', container } }));
    const second = daemon();
    second.table.adopt();
    assert.equal((await second.untilState(task().id, 'running')).container?.serving, true);
  });

  it('learns of an end that nobody saw', async () => {
    const first = daemon();
    first.assign([network, task()]);
    await first.untilState(task().id, 'running');
    await first.table.release();
    machine.exit(5);
    const second = daemon();
    second.table.adopt();
    assert.equal((await second.untilState(task().id, 'failed')).container?.exitCode, 5);
  });

  for (const [policy, state] of [
    ['no', 'failed'],
    ['unless-stopped', 'running'],
  ] as const) {
    it(`says ${state} after its shim was killed, with restart policy ${policy}`, async () => {
      const host = daemon();
      const spec = serviceSpec({ restart: { policy, maxRetries: 0, supervision: null } });
      host.assign([network, task({ spec })]);
      await host.untilState(task().id, 'running');
      machine.killShims();
      if (state === 'running') await host.until(() => machine.launches === 2);
      const status = await host.untilState(task().id, state);
      if (state === 'failed') assert.equal(status.container?.exitCode, 137);
      else await host.until(() => host.statuses.get(task().id)?.container?.restartCount === 1);
    });
  }

  for (const [policy, state] of [
    ['no', 'failed'],
    ['always', 'running'],
  ] as const) {
    it(`says ${state} after the machine went down, with restart policy ${policy}`, async () => {
      const first = daemon();
      first.assign([network, task({ spec: serviceSpec({ restart: { policy, maxRetries: 0, supervision: null } }) })]);
      await first.untilState(task().id, 'running');
      await first.table.release();
      rmSync(machine.paths.runRoot, { recursive: true });
      machine.containers.clear();
      const second = daemon();
      second.table.adopt();
      const { container } = await second.untilState(task().id, state);
      assert.equal(container?.exitCode, state === 'failed' ? 137 : null);
      assert.equal(machine.launches, state === 'failed' ? 1 : 2);
    });
  }

  it('leaves alone what an unknown store does not mention, and removes what the known one does not', async () => {
    const first = daemon();
    first.assign([network, task()], { full: true });
    await first.untilState(task().id, 'running');
    first.assign([], { full: true, mayRemove: false });
    await first.until(() => first.logged.some((line) => line.includes('left alone')));
    assert.equal(first.table.get(task().id).container.phase, 'running');
    first.assign([network, task()], { full: true, mayRemove: false });
    first.assign([], { full: true, mayRemove: true });
    await first.untilRemoved(task().id);
  });

  it('removes a network that goes together with the containers on it, after them', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    host.assign([], { removed: [task(), network] });
    await host.until(() => host.history.includes('remove network'));
    assert.ok(host.removed.has(task().id));
    assert.ok(host.history.indexOf('remove sandbox') < host.history.indexOf('remove network'));
  });

  it('ends a container whose start was not answered, as it may start later', async () => {
    const host = daemon();
    host.assign([network, task({ desired: 'ready' })]);
    await host.untilState(task().id, 'ready');
    machine.startError = new Error('no answer');
    host.assign([task()]);
    assert.match((await host.untilState(task().id, 'failed')).message, /no answer/);
    assert.deepEqual(
      Array.from(machine.containers.values(), ({ isShimAlive }) => isShimAlive),
      [false],
    );
  });

  it('looks again at what could not be looked at, and leaves the others alone', async () => {
    const first = daemon();
    first.assign([network, task()]);
    await first.untilState(task().id, 'running');
    await first.table.release();
    machine.lookError = new Error('cannot look');
    machine.names.clear();
    const second = daemon();
    second.table.adopt();
    await second.until(() => machine.names.get('shop_default')?.includes('web') === true);
    assert.match(second.logged.join(), /cannot look/);
    machine.exit(0);
    await second.untilState(task().id, 'complete');
  });

  it('tries again to end what its shim does not end and what cannot be ended at once', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    machine.stopError = new Error('no answer');
    machine.lookError = new Error('cannot look');
    host.assign([task({ desired: 'remove' })]);
    await host.untilRemoved(task().id);
    assert.match(host.logged.join(), /no answer.*cannot look/s);
    assert.equal(exists(machine), false);
  });

  it('says of a program that could not be started again why, and what to do, in no more words than a status has', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    const error = { code: 'exec-not-found', message: 'exec "x"', errno: 'ENOENT', path: 'x' };
    for (const container of machine.containers.values())
      machine.setState(container, { phase: 'exited', exitCode: 127, error });
    const status = await host.untilState(task().id, 'failed');
    assert.deepEqual(Object.keys(status.error ?? {}), ['code', 'message', 'hint']);
    assert.match(status.error?.hint ?? '', /the image has no such program/);
  });

  it('tries a removal that fails again, with a pause each time that grows', async () => {
    const host = daemon();
    host.assign([network, task()]);
    await host.untilState(task().id, 'running');
    machine.removeFailures = 5;
    host.assign([task({ desired: 'remove' })]);
    await host.untilRemoved(task().id);
    assert.equal(host.retries, 5);
    assert.equal(host.logged.filter((line) => /remove it: cannot remove/.test(line)).length, 5);
    const error = { code: 'removal-failed', message: 'cannot remove', hint: null };
    assert.deepEqual(host.statuses.get(task().id)?.error, error, 'who waits for it is told');
    assert.equal(exists(machine), false);
  });

  it('removes what is left of other tasks, though it cannot remove all of it', async () => {
    const host = daemon();
    const left = ['1'.repeat(12), '2'.repeat(12)].map((name) => machine.paths.container(name));
    for (const { run, stateFile } of left) {
      mkdirSync(run, { recursive: true });
      writeFileSync(stateFile, stateFileText({ ...lost, phase: 'running' }));
    }
    machine.lookError = new Error('cannot look');
    host.assign([], { full: true, mayRemove: true });
    await host.until(() => host.history.includes('remove others'));
    assert.equal(left.filter(({ run }) => existsSync(run)).length, 1);
    assert.match(host.logged.join(), /cannot look/);
  });

  it('leaves nothing of a task that could not be prepared, whichever part of it failed', async () => {
    const host = daemon();
    machine.imageVolumes = ['/data'];
    const secrets = [{ source: 'missing', target: '/run/secrets/pw', uid: 0, gid: 0, mode: 0o400 }];
    const spec = serviceSpec({ ports: [port], container: containerSpec({ secrets }) });
    host.assign([network, task({ spec })]);
    assert.match((await host.untilState(task().id, 'rejected')).message, /secrets/);
    assert.equal(readdirSync(machine.paths.volumes).length, 1, 'negative control');
    host.assign([task({ spec, desired: 'remove', removeVolumes: true })]);
    await host.untilRemoved(task().id);
    assert.equal(exists(machine), false);
    assert.deepEqual([machine.sandboxes.size, machine.published.size], [0, 0]);
    assert.deepEqual(readdirSync(machine.paths.volumes), []);
  });

  it('converges after being killed at any effect of bringing a task up and taking it down', async () => {
    const counting = daemon();
    counting.assign([network, task()], { full: true, mayRemove: true });
    await counting.untilState(task().id, 'running');
    const upEffects = counting.effects;
    counting.assign([task({ desired: 'remove' })]);
    await counting.untilRemoved(task().id);
    const total = counting.effects;
    for (let crashAt = 1; crashAt <= total; crashAt += 1) {
      machine.remove();
      machine = new FakeMachine();
      const dying = new FakeDaemon(machine, crashAt);
      dying.assign([network, task()], { full: true, mayRemove: true });
      if (crashAt > upEffects) {
        // Whether the look for leftovers comes before or after is a matter of chance.
        await Promise.race([dying.untilState(task().id, 'running'), dying.crashed.promise]);
        dying.assign([task({ desired: 'remove' })]);
      }
      await dying.crashed.promise;
      const next = daemon();
      next.table.adopt();
      const wanted = crashAt > upEffects ? 'remove' : 'running';
      next.assign([network, task({ desired: wanted })], { full: true, mayRemove: true });
      if (wanted === 'running') {
        await next.untilState(task().id, 'running');
        next.assign([task({ desired: 'remove' })]);
      }
      await next.untilRemoved(task().id);
      assert.equal(machine.launches, 1, `launched once when killed at effect ${crashAt}`);
      assert.equal(exists(machine), false, `nothing left when killed at effect ${crashAt}`);
    }
  });
});
