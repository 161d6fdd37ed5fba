import assert from 'node:assert/strict';
import { runsForEver, type Behaviour } from '../../../../agents/simulated/pretend-task.ts';
import { removeNode } from '../../../../src/manager/nodes/remove-node.ts';
import { global } from '../../../../src/manager/orchestrators/global/global.ts';
import { job } from '../../../../src/manager/orchestrators/job/job.ts';
import { restart } from '../../../../src/manager/orchestrators/restart/restart.ts';
import { schedule } from '../../../../src/manager/orchestrators/schedule/schedule.ts';
import { actOnTasks } from '../../../../src/manager/stacks/act-on-tasks.ts';
import { defaultUpdate, type DeploySpec } from '../../../../src/model/deploy-spec.ts';
import type { NodeObject, TaskObject } from '../../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import { containerSpec, deploySpec, serviceSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

const loops = [global, job, schedule, restart];
const completes: Behaviour = { ...runsForEver, exitCode: 0 };
const badImage: Behaviour = { ...runsForEver, rejection: 'there is no such image' };
const minuteMs = 60_000;

function service(deploy: Partial<DeploySpec>, more: Partial<ServiceSpec> = {}): ServiceSpec {
  return serviceSpec('web', { deploy: deploySpec(deploy), ...more });
}

describe('a lab of nodes and jobs', () => {
  let lab: UpdateLab;
  beforeEach(() => (lab = new UpdateLab(loops)));
  afterEach(() => lab.close());

  const up = async (spec: ServiceSpec): Promise<void> => {
    await lab.apply([spec]);
    await lab.settle();
  };
  const states = (): readonly string[] => lab.tasks().map(({ status }) => status.state);
  const act = async (action: string): Promise<void> => {
    const rest = { noDeps: false, stopFirst: true, volumes: false, taskIds: [], stopGraceMs: null };
    await lab.store.update((view) => actOnTasks(view, { stack: 'p', action, services: [], ...rest }));
    await lab.settle();
  };

  describe('a global service', () => {
    const labelled = (labels: NodeObject['labels']): Partial<NodeObject> => ({ labels });
    const addNode = (id: string, more: Partial<NodeObject> = {}): Promise<void> =>
      lab.addNode({ id, hostname: id, ...more });
    const change = async (id: string, more: Partial<NodeObject>): Promise<void> => {
      await lab.write((view) => {
        const node = view.get('node', id);
        return node === undefined ? [] : [{ type: 'put', object: { ...node, ...more } }];
      });
      await lab.settle();
    };
    const nodes = (): readonly (string | null)[] => lab.tasks().map(({ nodeId }) => nodeId);

    it('has one container on a lone host', async () => {
      await addNode('n1');
      await up(service({ mode: 'global' }));
      assert.deepEqual([nodes(), lab.tasks()[0]?.containerName], [['n1'], 'p-web-1']);
    });

    it('follows nodes that join, are drained and are removed, and leaves those alone that are paused', async () => {
      await addNode('n1');
      await addNode('n2');
      await up(service({ mode: 'global' }));
      assert.deepEqual(nodes(), ['n1', 'n2']);
      await addNode('n3');
      await lab.settle();
      assert.deepEqual(nodes(), ['n1', 'n2', 'n3']);
      const before = lab.tasks()[0]?.id;
      await change('n1', { availability: 'pause' });
      await change('n2', { availability: 'drain' });
      assert.deepEqual([nodes(), lab.tasks()[0]?.id], [['n1', 'n3'], before]);
      await change('n2', { availability: 'active' });
      assert.deepEqual(nodes(), ['n1', 'n2', 'n3']);
      assert.deepEqual(
        lab.tasks().map(({ slot }) => slot),
        [1, 2, 3],
      );
      await lab.write(
        (view) =>
          removeNode(view, { node: 'n3', force: true }, { ownNodeId: () => 'n1', isManaged: false, now: lab.now })
            .changes,
      );
      await lab.settle();
      assert.deepEqual(nodes(), ['n1', 'n2']);
    });

    it('is only where its constraints hold, as labels come and go', async () => {
      await addNode('n1', labelled({ disk: 'fast' }));
      await addNode('n2');
      const constraints = [{ key: 'node.labels.disk', operator: '==', value: 'fast' }] as const;
      const { placement } = deploySpec();
      await up(service({ mode: 'global', placement: { ...placement, constraints } }));
      assert.deepEqual(nodes(), ['n1']);
      await change('n2', labelled({ disk: 'fast' }));
      assert.deepEqual(nodes(), ['n1', 'n2']);
      await change('n1', labelled({}));
      assert.deepEqual(nodes(), ['n2']);
    });

    it('is brought back by no node once it was taken away by hand', async () => {
      await addNode('n1');
      await up(service({ mode: 'global' }));
      await act('remove');
      await addNode('n2');
      await lab.settle();
      assert.deepEqual(nodes(), []);
      await up(service({ mode: 'global' }));
      assert.deepEqual(nodes(), ['n1', 'n2']);
    });

    it('is not updated on a node that is paused, and catches up when it is back', async () => {
      await addNode('n1');
      await addNode('n2');
      const update = { ...defaultUpdate, monitorMs: 1000 };
      const versioned = (V: string): ServiceSpec =>
        service({ mode: 'global', update }, { container: containerSpec({ environment: { V } }) });
      await up(versioned('a'));
      await change('n2', { availability: 'pause' });
      await up(versioned('b'));
      await lab.pass(minuteMs);
      assert.deepEqual([lab.versions(), states()], ['1:b 2:a', ['running', 'running']]);
      assert.equal(lab.service().update?.state, 'completed');
      await change('n2', { availability: 'active' });
      await lab.pass(minuteMs);
      assert.deepEqual([lab.versions(), states()], ['1:b 2:b', ['running', 'running']]);
    });

    it('runs a job once on each, also on those that come later', async () => {
      lab.behaviourOf = () => completes;
      await addNode('n1');
      await up(service({ mode: 'global-job' }));
      await addNode('n2');
      await lab.settle();
      assert.deepEqual(
        [nodes(), states()],
        [
          ['n1', 'n2'],
          ['complete', 'complete'],
        ],
      );
    });
  });

  describe('a job', () => {
    beforeEach(() => lab.addNode());
    const spec = (version = 'a', deploy: Partial<DeploySpec> = {}): ServiceSpec =>
      service(
        { mode: 'replicated-job', maxConcurrent: 2, ...deploy },
        { replicas: 7, container: containerSpec({ environment: { V: version } }) },
      );
    const running = (): readonly TaskObject[] => lab.tasks().filter(({ status }) => status.state === 'running');
    const finish = async (): Promise<void> => {
      for (const task of running()) await lab.happen(task, (container) => container.exit(0));
      await lab.settle();
    };

    it('never has more containers than may run at once, and ends with so many completed', async () => {
      let most = 0;
      lab.onStep = () =>
        (most = Math.max(most, lab.tasks().filter(({ status }) => status.state !== 'complete').length));
      await up(spec());
      for (let round = 0; round < 4; round++) await finish();
      assert.deepEqual([most, states()], [2, Array.from({ length: 7 }, () => 'complete')]);
      const before = lab.tasks().map(({ id }) => id);
      await up(spec());
      await lab.pass(minuteMs);
      assert.deepEqual(
        lab.tasks().map(({ id }) => id),
        before,
      );
    });

    it('runs anew when it is changed, without what is left of the run before', async () => {
      await up(spec());
      await finish();
      assert.equal(lab.tasks().length, 4);
      await up(spec('b'));
      assert.equal(lab.versions(), '1:b 2:b');
      for (let round = 0; round < 4; round++) await finish();
      assert.equal(lab.versions(), [1, 2, 3, 4, 5, 6, 7].map((slot) => `${slot}:b`).join(' '));
    });

    it('goes on after failures, and stops at the end of the line', async () => {
      await up(spec());
      for (let round = 0; round < 4; round++) {
        for (const task of running()) await lab.happen(task, (container) => container.exit(1));
        await lab.settle();
      }
      assert.deepEqual(
        states(),
        Array.from({ length: 7 }, () => 'failed'),
      );
    });

    it('stays where it is when it was stopped by hand', async () => {
      await up(spec());
      await act('stop');
      assert.deepEqual(states(), ['shutdown', 'shutdown']);
    });

    it('with a schedule runs when the time has come, and not before', async () => {
      lab.behaviourOf = () => completes;
      const everyMinute = { cron: '* * * * *', timeZone: 'UTC' };
      await up(spec('a', { schedule: everyMinute, maxConcurrent: null }));
      await lab.pass(minuteMs - 1);
      assert.deepEqual(states(), []);
      await lab.pass(1);
      assert.equal(states().length, 7);
      const first = new Set(lab.tasks().map(({ id }) => id));
      await lab.pass(minuteMs);
      const second = lab.tasks().map(({ id }) => id);
      assert.deepEqual([second.length, second.filter((id) => first.has(id))], [7, []]);
    });

    it('with a schedule runs by the clock that counts now, also where the one before was years ahead', async () => {
      lab.behaviourOf = () => completes;
      await up(spec('a', { schedule: { cron: '* * * * *', timeZone: 'UTC' } }));
      await lab.pass(minuteMs);
      const first = lab.service().forceCount;
      lab.nowMs -= 100_000 * minuteMs;
      await lab.pass(2 * minuteMs);
      assert.equal(lab.service().forceCount, first + 2);
    });

    it('with a schedule makes up for what it missed by one run, and passes over what falls due while it runs', async () => {
      const everyMinute = { cron: '* * * * *', timeZone: 'UTC' };
      await up(spec('a', { schedule: everyMinute }));
      lab.nowMs += 10 * minuteMs;
      await lab.settle();
      assert.equal(lab.service().forceCount, 1);
      await lab.pass(3 * minuteMs);
      assert.equal(lab.service().forceCount, 1);
      for (let round = 0; round < 4; round++) await finish();
      await lab.pass(minuteMs);
      assert.equal(lab.service().forceCount, 2);
      await act('stop');
      await lab.pass(10 * minuteMs);
      assert.equal(lab.service().forceCount, 2);
    });
  });

  describe('a container that cannot be made', () => {
    beforeEach(() => lab.addNode());
    const policy = (maxRetries = 0, windowMs = 0): Partial<ServiceSpec> => ({
      restart: { policy: 'always', maxRetries, supervision: { delayMs: 5000, windowMs } },
    });
    const attempts = (): readonly number[] => lab.tasks()[0]?.history.map(({ attempt }) => attempt) ?? [];

    it('is tried again after the delay, longer each time, and remembers why', async () => {
      lab.behaviourOf = () => badImage;
      await up(service({}, policy()));
      await lab.pass(4999);
      assert.deepEqual(attempts(), []);
      await lab.pass(501);
      assert.deepEqual(attempts(), [1]);
      assert.equal(lab.tasks()[0]?.history[0]?.message, 'there is no such image');
      await lab.pass(9400);
      assert.deepEqual(attempts(), [1]);
      await lab.pass(1700);
      assert.deepEqual(attempts(), [1, 2]);
      await lab.pass(3_600_000);
      const rows = attempts();
      assert.equal(rows.length, 4);
      const last =
        lab
          .tasks()[0]
          ?.history.slice(-2)
          .map(({ at }) => Date.parse(at)) ?? [];
      const gap = (last[1] ?? 0) - (last[0] ?? 0);
      assert.ok(gap >= 60_000 && gap <= 66_000, String(gap));
    });

    it('is tried again after the delay by the clock of the managers, where that of its node is an hour behind', async () => {
      lab.behaviourOf = () => badImage;
      lab.nodesAheadMs = -3_600_000;
      await up(service({}, policy()));
      await lab.pass(4999);
      assert.deepEqual(attempts(), []);
      await lab.pass(501);
      assert.deepEqual(attempts(), [1]);
    });

    it('is tried again when the clock has been set back', async () => {
      lab.behaviourOf = () => badImage;
      await up(service({}, policy()));
      lab.nowMs -= 3_600_000;
      await lab.pass(6000);
      assert.notDeepEqual(attempts(), []);
    });

    it('runs as soon as it can', async () => {
      lab.behaviourOf = () => badImage;
      await up(service({}, policy()));
      lab.behaviourOf = () => runsForEver;
      await lab.pass(6000);
      assert.deepEqual(states(), ['running']);
    });

    it('is given up after max_attempts, and begins anew with another image', async () => {
      lab.behaviourOf = () => badImage;
      await up(service({}, policy(2)));
      await lab.pass(3_600_000);
      assert.deepEqual([attempts(), states()], [[1, 2], ['rejected']]);
      await lab.apply([service({}, { ...policy(2), image: 'other' })]);
      await lab.pass(6000);
      assert.deepEqual(attempts(), [1, 2, 0, 1]);
    });

    it('regains its tries when the window has passed', async () => {
      lab.behaviourOf = () => badImage;
      await up(service({}, policy(1, 1000)));
      await lab.pass(60_000);
      assert.ok(attempts().length > 1, attempts().join());
    });

    it('keeps all of them that max_attempts asks for', async () => {
      lab.behaviourOf = () => badImage;
      await up(service({}, policy(7)));
      await lab.pass(3_600_000);
      assert.deepEqual(attempts(), [1, 2, 3, 4, 5, 6, 7]);
    });

    it('is left alone without restart_policy', async () => {
      lab.behaviourOf = () => badImage;
      await up(service({}, { restart: { policy: 'always', maxRetries: 0, supervision: null } }));
      await lab.pass(3_600_000);
      assert.deepEqual([attempts(), states()], [[], ['rejected']]);
    });
  });
});
