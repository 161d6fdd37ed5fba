import assert from 'node:assert/strict';
import type { Behaviour } from '../../../../agents/simulated/pretend-task.ts';
import { runsForEver } from '../../../../agents/simulated/pretend-task.ts';
import { global } from '../../../../src/manager/orchestrators/global/global.ts';
import { defaultUpdate, type UpdateSpec } from '../../../../src/model/deploy-spec.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import { containerSpec, dependsOn, deploySpec, serviceSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

const unhealthyUntilAsked: Behaviour = { ...runsForEver, health: 'starting' };
const badImage: Behaviour = { ...runsForEver, rejection: 'there is no such image' };
const dies: Behaviour = { ...runsForEver, exitCode: 1 };
const hourMs = 3_600_000;

interface Shape {
  readonly update?: Partial<UpdateSpec> | null;
  readonly rollback?: Partial<UpdateSpec>;
  readonly replicas?: number;
  readonly more?: Partial<ServiceSpec>;
}

function web(version: string, { update = {}, rollback, replicas = 3, more = {} }: Shape = {}): ServiceSpec {
  const deploy = deploySpec({
    update: update === null ? null : { ...defaultUpdate, ...update },
    rollback: rollback === undefined ? null : { ...defaultUpdate, ...rollback },
  });
  return serviceSpec('web', { replicas, deploy, container: containerSpec({ environment: { V: version } }), ...more });
}

function isVersion(task: TaskObject, version: string): boolean {
  return task.spec.container.environment['V'] === version;
}

describe('a rolling update', () => {
  let lab: UpdateLab;
  beforeEach(async () => {
    lab = new UpdateLab([global]);
    await lab.addNode();
  });
  afterEach(() => lab.close());

  const running = (): number => lab.tasks().filter(({ status }) => status.state === 'running').length;
  const state = (): string | undefined => lab.service().update?.state;
  const message = (): string => lab.service().update?.message ?? '';
  const start = async (shape: Shape = {}): Promise<void> => {
    await lab.apply([web('a', shape)]);
    await lab.settle();
  };
  const begin = async (version: string, shape: Shape = {}): Promise<void> => {
    await lab.apply([web(version, shape)]);
    await lab.settle();
  };
  const brokenIn = (version: string, behaviour: Behaviour): void => {
    lab.behaviourOf = (task) => (isVersion(task, version) ? behaviour : runsForEver);
  };

  it('has no more slots down at once than its parallelism, and ends when the last has been watched', async () => {
    const shape = { replicas: 5, update: { parallelism: 2, delayMs: 1000 } };
    await start(shape);
    let fewest = 5;
    lab.onStep = () => (fewest = Math.min(fewest, running()));
    await begin('b', shape);
    assert.equal(lab.versions(), '1:b 2:b 3:a 4:a 5:a');
    await lab.pass(1000);
    assert.equal(lab.versions(), '1:b 2:b 3:b 4:b 5:a');
    assert.equal(state(), 'updating');
    await lab.pass(1000);
    assert.equal(lab.versions(), '1:b 2:b 3:b 4:b 5:b');
    assert.deepEqual([fewest, state()], [3, 'updating']);
    await lab.pass(4999);
    assert.equal(state(), 'updating');
    await lab.pass(1);
    assert.deepEqual([state(), message()], ['completed', '5 of 5 replaced']);
    assert.deepEqual(
      lab.tasks().map(({ containerName }) => containerName),
      [1, 2, 3, 4, 5].map((slot) => `p-web-${slot}`),
    );
  });

  it('waits for the delay after each slot', async () => {
    const shape = { update: { delayMs: 3000 } };
    await start(shape);
    await begin('b', shape);
    await lab.pass(20_000);
    const starts = lab.tasks().map(({ createdAt }) => Date.parse(createdAt));
    assert.deepEqual([(starts[1] ?? 0) - (starts[0] ?? 0), (starts[2] ?? 0) - (starts[1] ?? 0)], [3000, 3000]);
  });

  it('stops nothing before its node has the image for the new one', async () => {
    const shape = { replicas: 2 };
    lab.behaviourOf = () => ({ ...runsForEver, successor: 'preparing' });
    await start(shape);
    let fewest = 2;
    lab.onStep = () => (fewest = Math.min(fewest, running()));
    await begin('b', { ...shape, more: { image: 'new:1' } });
    await lab.pass(60_000);
    assert.deepEqual([lab.versions(), fewest, state()], ['1:a 2:a', 2, 'updating']);
    const [first, second] = lab.tasks();
    assert.deepEqual([first?.successor?.images, second?.successor], [['new:1'], null]);
    // The other one waits for its turn, which comes when this one is done.
    await lab.happen(first ?? assert.fail(), (container) => container.prepareSuccessor('ready'));
    await lab.settle();
    assert.deepEqual([lab.versions(), lab.tasks()[0]?.preparedOn], ['1:b 2:a', 'n1']);
    assert.equal(lab.tasks()[1]?.status.successor?.state, 'preparing');
  });

  it('keeps the old one when the image for the new one cannot be had', async () => {
    for (const [failureAction, end] of [
      ['pause', 'paused'],
      ['rollback', 'rollback_completed'],
      ['continue', 'completed'],
    ] as const) {
      const shape = { replicas: 2, update: { failureAction } };
      lab.behaviourOf = () => ({ ...runsForEver, successor: 'failed' });
      await start(shape);
      let fewest = 2;
      lab.onStep = () => (fewest = Math.min(fewest, running()));
      await begin('b', { ...shape, more: { image: `none:${failureAction}` } });
      await lab.pass(60_000);
      assert.deepEqual([lab.versions(), fewest, state()], ['1:a 2:a', 2, end]);
      if (failureAction !== 'continue') assert.match(message(), /1 of 2 failed; p-web-1: there is no such image/);
      assert.ok(lab.tasks().every(({ successor, status }) => successor === null && status.successor === null));
    }
  });

  it('gives up after the deadline what does not come, and keeps the old one', async () => {
    lab.behaviourOf = () => ({ ...runsForEver, successor: 'preparing' });
    await start();
    await begin('b', { more: { image: 'new:1' } });
    await lab.pass(600_000);
    assert.deepEqual([lab.versions(), state()], ['1:a 2:a 3:a', 'paused']);
    assert.match(message(), /p-web-1 was not replaced within 600 s: its image is not there/);
  });

  it('starts first: the old one goes when the new one is healthy, which then gets its name', async () => {
    const shape = { update: { order: 'start-first', parallelism: 2 } } as const;
    await start(shape);
    brokenIn('b', unhealthyUntilAsked);
    let fewest = 3;
    lab.onStep = () => (fewest = Math.min(fewest, running()));
    await begin('b', shape);
    assert.equal(lab.versions(), '1:a 1:b 2:a 2:b 3:a');
    const names = lab.tasks().map(({ containerName }) => containerName);
    assert.deepEqual(names, ['p-web-1', 'p-web-1-next', 'p-web-2', 'p-web-2-next', 'p-web-3']);
    const [, newcomer] = lab.tasks();
    assert.ok(newcomer);
    await lab.happen(newcomer, (container) => container.changeHealth('healthy'));
    await lab.settle();
    assert.equal(lab.versions(), '1:b 2:a 2:b 3:a 3:b');
    assert.equal(lab.tasks()[0]?.containerName, 'p-web-1');
    assert.equal(fewest, 3);
  });

  it('starts first beside a container that has the port of its node, also of a global service', async () => {
    const published = { from: 8080, to: 8080 };
    const ports = [{ target: 80, protocol: 'tcp', mode: 'host', hostIp: null, published }] as const;
    const { deploy } = web('a', { update: { order: 'start-first' } });
    const more = { ports, deploy: { ...deploy, mode: 'global' } } as const;
    await lab.addNode({ id: 'n2', hostname: 'n2' });
    await start({ replicas: 1, more });
    let fewest = 2;
    lab.onStep = () => (fewest = Math.min(fewest, running()));
    await begin('b', { replicas: 1, more });
    await lab.pass(60_000);
    assert.deepEqual([state(), lab.versions(), fewest], ['completed', '1:b 2:b', 2]);
    assert.deepEqual(
      lab.tasks().map(({ nodeId }) => nodeId),
      ['n1', 'n2'],
    );
  });

  it('pauses when more have failed than the ratio allows, and stays so whatever restarts', async () => {
    const shape = { replicas: 5, update: { maxFailureRatio: 0.25 } };
    await start(shape);
    brokenIn('b', badImage);
    await begin('b', shape);
    assert.deepEqual([state(), lab.versions()], ['paused', '1:b 2:b 3:a 4:a 5:a']);
    assert.match(message(), /^2 of 5 failed; p-web-2: there is no such image$/);
    await lab.pass(3_600_000);
    assert.equal(lab.versions(), '1:b 2:b 3:a 4:a 5:a');
  });

  it('goes on when the same file is brought up again after a pause', async () => {
    await start();
    brokenIn('b', badImage);
    await begin('b');
    assert.equal(state(), 'paused');
    lab.behaviourOf = () => runsForEver;
    await lab.pass(1000);
    await begin('b', { more: { serviceLabels: { fixed: 'yes' } } });
    assert.equal(state(), 'updating');
    await lab.pass(60_000);
    assert.equal(lab.versions(), '1:b 2:b 3:b');
  });

  it('leaves an update that is under way alone when nothing new is asked for', async () => {
    await start();
    brokenIn('b', unhealthyUntilAsked);
    await begin('b');
    const before = lab.service();
    const { steps, updating } = await lab.apply([web('b')]);
    assert.equal(lab.service(), before);
    assert.deepEqual(updating, ['web']);
    assert.deepEqual(
      steps.map(({ action, name }) => `${action} ${name}`),
      ['replace p-web-2', 'replace p-web-3'],
    );
  });

  it('rolls back to all of what was before, the number of containers too', async () => {
    const shape = { update: { failureAction: 'rollback' }, rollback: { parallelism: 0, monitorMs: 1000 } } as const;
    await start(shape);
    brokenIn('b', dies);
    await begin('b', { ...shape, replicas: 4 });
    await lab.pass(60_000);
    assert.deepEqual([state(), lab.versions()], ['rollback_completed', '1:a 2:a 3:a']);
    assert.match(message(), /^rolled back: 1 of 3 failed; p-web-1: /);
    assert.equal(lab.service().spec.replicas, 3);
  });

  it('rolls back to the last version that was whole, not to one that had been stopped', async () => {
    const shape = { update: { failureAction: 'rollback' }, rollback: { parallelism: 0, monitorMs: 1000 } } as const;
    await start();
    lab.behaviourOf = (task) => (isVersion(task, 'a') ? runsForEver : dies);
    await begin('b');
    await lab.pass(60_000);
    assert.equal(state(), 'paused');
    await begin('c', shape);
    await lab.pass(60_000);
    assert.deepEqual([state(), lab.versions()], ['rollback_completed', '1:a 2:a 3:a']);
  });

  it('can go forward again, by a rollback, after a stopped one was taken back by the file', async () => {
    await start();
    lab.behaviourOf = (task) => (isVersion(task, 'b') ? dies : runsForEver);
    await begin('b');
    await lab.pass(60_000);
    await begin('a');
    await lab.pass(60_000);
    const { update, previous } = lab.service();
    assert.deepEqual([update?.state, previous?.spec.container.environment['V']], ['completed', 'b']);
  });

  it('does not roll a rollback back', async () => {
    const shape = { update: { failureAction: 'rollback' } } as const;
    await start(shape);
    lab.behaviourOf = () => dies;
    await begin('b', shape);
    await lab.pass(3_600_000);
    assert.equal(state(), 'rollback_paused');
  });

  it('does not touch what was not replaced yet when it rolls back', async () => {
    const shape = { update: { failureAction: 'rollback', order: 'start-first' } } as const;
    await start(shape);
    const before = lab.tasks().map(({ id }) => id);
    brokenIn('b', badImage);
    await begin('b', shape);
    await lab.pass(60_000);
    assert.equal(state(), 'rollback_completed');
    assert.deepEqual(
      lab.tasks().map(({ id }) => id),
      before,
    );
  });

  it('goes on after failures where it shall', async () => {
    const shape = { update: { failureAction: 'continue' } } as const;
    await start(shape);
    brokenIn('b', badImage);
    await begin('b', shape);
    await lab.pass(60_000);
    assert.deepEqual([state(), lab.versions(), message()], ['completed', '1:b 2:b 3:b', '0 of 3 replaced, 3 failed']);
  });

  for (const [monitorMs, end] of [
    [10_000, 'paused'],
    [3000, 'completed'],
  ] as const) {
    it(`watches a new container for ${monitorMs / 1000} s: one that dies after 6 s leaves it ${end}`, async () => {
      const shape = { replicas: 1, update: { monitorMs } };
      await start(shape);
      await begin('b', shape);
      await lab.pass(6000);
      const [task] = lab.tasks();
      assert.ok(task);
      await lab.happen(task, (container) => container.exit(1));
      await lab.pass(20_000);
      assert.equal(state(), end);
    });
  }

  it('counts failures on nodes whose clocks are ahead', async () => {
    lab.nodesAheadMs = 2 * hourMs;
    await start({ update: { monitorMs: 10_000 } });
    await begin('b', { update: { monitorMs: 10_000 } });
    await lab.pass(6000);
    const [task] = lab.tasks();
    assert.ok(task);
    await lab.happen(task, (container) => container.restart(1));
    await lab.settle();
    assert.equal(state(), 'paused');
  });

  it('goes on when the clock is set back, or the next leader’s is behind: no pause lasts until it is that late again', async () => {
    const shape = { update: { delayMs: 3000 } };
    await start(shape);
    await begin('b', shape);
    await lab.pass(1000);
    assert.equal(lab.versions(), '1:b 2:a 3:a');
    lab.nowMs -= 2 * hourMs;
    await lab.pass(20_000);
    assert.deepEqual([lab.versions(), state()], ['1:b 2:b 3:b', 'completed']);
  });

  it('counts a container that its node has restarted as failed', async () => {
    await start();
    await begin('b');
    const [task] = lab.tasks();
    assert.ok(task);
    await lab.happen(task, (container) => container.restart(1));
    await lab.settle();
    assert.equal(state(), 'paused');
    assert.match(message(), /p-web-1 exited with code 1/);
  });

  it('converges to what was asked for last', async () => {
    const shape = { update: { order: 'start-first' } } as const;
    await start(shape);
    brokenIn('b', unhealthyUntilAsked);
    await begin('b', shape);
    await lab.pass(10_000);
    await begin('c', shape);
    await lab.pass(60_000);
    assert.deepEqual([state(), lab.versions()], ['completed', '1:c 2:c 3:c']);
    assert.equal(lab.containers.size, 3);
    assert.deepEqual(
      lab.tasks().map(({ containerName }) => containerName),
      ['p-web-1', 'p-web-2', 'p-web-3'],
    );
  });

  it('replaces every container once when forced', async () => {
    await start();
    const before = new Set(lab.tasks().map(({ id }) => id));
    await lab.apply([web('a')], { forceRecreate: true });
    await lab.pass(60_000);
    const after = lab.tasks().map(({ id }) => id);
    assert.deepEqual([after.length, after.filter((id) => before.has(id))], [3, []]);
    assert.equal(state(), 'completed');
  });

  it('touches nothing for labels of the service, and constraints that hold', async () => {
    await start();
    const before = lab.tasks().map(({ id }) => id);
    const { deploy } = web('a');
    const constraints = [{ key: 'node.hostname', operator: '==', value: 'n1' }] as const;
    const placement = { ...deploy.placement, constraints };
    await begin('a', { more: { serviceLabels: { x: 'y' }, deploy: { ...deploy, placement } } });
    assert.deepEqual(
      lab.tasks().map(({ id }) => id),
      before,
    );
    assert.equal(lab.service().update, null);
  });

  it('gives up a container that does not come up by the deadline, and keeps the old one that serves', async () => {
    const shape = { update: { order: 'start-first' } } as const;
    await start(shape);
    const { deploy } = web('b', shape);
    const constraints = [{ key: 'node.hostname', operator: '==', value: 'nowhere' }] as const;
    const placement = { ...deploy.placement, constraints };
    await begin('b', { more: { deploy: { ...deploy, placement, progressDeadlineMs: 60_000 } } });
    await lab.pass(59_999);
    assert.equal(state(), 'updating');
    await lab.pass(1);
    assert.equal(state(), 'paused');
    assert.match(message(), /p-web-1-next did not come up within 60 s: no suitable node/);
    assert.equal(running(), 3);
  });

  it('restarts what depends on it with restart: true when all is new', async () => {
    const side = serviceSpec('side', { dependsOn: { web: dependsOn('service_started', { restart: true }) } });
    await lab.apply([web('a'), side]);
    await lab.settle();
    await lab.apply([web('b'), side]);
    await lab.settle();
    assert.equal(lab.tasks('side')[0]?.desiredRun, 1);
    await lab.pass(60_000);
    assert.equal(lab.tasks('side')[0]?.desiredRun, 2);
    assert.equal(lab.tasks('side')[0]?.status.state, 'running');
  });

  it('is not asked for without update_config: all at once', async () => {
    await start({ update: null });
    await begin('b', { update: null });
    assert.deepEqual([lab.versions(), lab.service().update], ['1:b 2:b 3:b', null]);
  });

  it('shows what was in the slot before', async () => {
    await start({ replicas: 1 });
    for (const version of ['b', 'c', 'd', 'e', 'f', 'g']) {
      await begin(version, { replicas: 1 });
      await lab.pass(10_000);
    }
    const history = lab.tasks()[0]?.history ?? [];
    assert.equal(history.length, 4);
    assert.ok(history.every(({ state, message: why }) => state === 'shutdown' && why === 'replaced by an update'));
  });
});
