import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Behaviour } from '../../agents/simulated/pretend-task.ts';
import { runsForEver } from '../../agents/simulated/pretend-task.ts';
import { SimulatedAgent, type SimulatedAgentOptions } from '../../agents/simulated/simulated-agent.ts';
import { Manager } from '../../src/manager/manager.ts';
import type { ModelObject, ObjectKind, TaskObject } from '../../src/model/objects.ts';
import type { StackSpec } from '../../src/model/spec.ts';
import { connectControl } from '../../src/rpc/client.ts';
import type { ApplyStackRequest, ApplyStackResponse } from '../../src/rpc/messages.ts';
import { serve, serveControl, serveDispatcher, type RunningServer } from '../../src/rpc/server.ts';
import type { ControlClient } from '../../src/rpc/service-types.ts';
import { containerSpec, dependsOn, serviceSpec, stackSpec } from '../fixtures/specs.ts';

/** A daemon in small: a manager and its server, with a client and a simulated agent. */
class Cluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-manager-'));
  readonly address = `unix://${join(this.directory, 'sock')}`;
  readonly errors: unknown[] = [];
  behaviourOf: (task: TaskObject) => Behaviour = () => runsForEver;
  onStream: SimulatedAgentOptions['onStream'];
  control!: ControlClient;
  agent: SimulatedAgent | undefined;
  #manager: Manager | undefined;
  #server: RunningServer | undefined;

  async startManager(): Promise<void> {
    const onError = (error: unknown): void => void this.errors.push(error);
    this.#manager = await Manager.start({ dataRoot: this.directory, runRoot: this.directory, version: '0', onError });
    const { control, dispatcher } = this.#manager;
    this.#server = await serve(this.address, [serveControl(control), serveDispatcher(dispatcher)]);
    this.control = await connectControl(this.address);
  }

  async startAgent(): Promise<void> {
    const options = {
      address: this.address,
      nodeId: 'n1',
      behaviourOf: (task: TaskObject) => this.behaviourOf(task),
      ...(this.onStream === undefined ? {} : { onStream: this.onStream }),
    };
    this.agent = await SimulatedAgent.start(options, this.agent);
  }

  async stopManager(): Promise<void> {
    this.control.close();
    await this.#server?.stop(0);
    await this.#manager?.stop();
  }

  async stop(): Promise<void> {
    this.agent?.stop();
    await this.stopManager();
    rmSync(this.directory, { recursive: true });
    assert.deepEqual(this.errors, []);
  }

  up(spec: StackSpec, options: Partial<Omit<ApplyStackRequest, 'spec'>> = {}): Promise<ApplyStackResponse> {
    return this.control.applyStack({ spec: JSON.stringify(spec), ...options });
  }

  /** Waits until the objects of the stack satisfy the condition. */
  async until(condition: (objects: StackObjects) => boolean, stack = 'p'): Promise<StackObjects> {
    const objects = new StackObjects();
    for await (const message of this.control.watch({ stack }, { deadlineMs: 60_000 })) {
      for (const { id, document } of message.objects) objects.note(id, document);
      if (message.synced && condition(objects)) return objects;
    }
    throw new Error('the watch ended');
  }

  untilRunning(...names: readonly string[]): Promise<StackObjects> {
    return this.until((objects) => {
      const running = objects.tasks.filter(({ status }) => status.state === 'running');
      return (
        running.length === objects.tasks.length &&
        same(
          running.map(({ containerName }) => containerName),
          names,
        )
      );
    });
  }
}

class StackObjects {
  readonly #byId = new Map<string, ModelObject>();

  note(id: string, document: string): void {
    if (document === '') this.#byId.delete(id);
    else this.#byId.set(id, JSON.parse(document) as ModelObject);
  }

  get tasks(): readonly TaskObject[] {
    return [...this.#byId.values()].filter((object) => object.kind === 'task');
  }

  ofKind(kind: ObjectKind): readonly ModelObject[] {
    return [...this.#byId.values()].filter((object) => object.kind === kind);
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  task(name: string): TaskObject {
    const found = this.tasks.find(({ containerName }) => containerName === name);
    assert.ok(found !== undefined, `there is no task ${name}`);
    return found;
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

describe('a manager with a simulated agent', () => {
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = new Cluster();
    await cluster.startManager();
    await cluster.startAgent();
  });
  afterEach(() => cluster.stop());

  it('brings a stack up, scales it, replaces one service and takes it down', async () => {
    const spec = stackSpec([serviceSpec('web'), serviceSpec('db')]);
    const first = await cluster.up(spec);
    assert.deepEqual(
      first.steps.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
      ['create network p_default', 'create container p-web-1', 'create container p-db-1'],
    );
    const up = await cluster.untilRunning('p-web-1', 'p-db-1');
    assert.deepEqual(new Set(first.taskIds), new Set(up.tasks.map(({ id }) => id)));
    assert.equal(up.task('p-web-1').attachments[0]?.addresses[0], '172.28.0.2/24');
    assert.equal(up.task('p-web-1').attachments[0]?.mac, '02:42:ac:1c:00:02');
    assert.deepEqual(up.task('p-web-1').attachments[0]?.aliases, [
      'web',
      'p-web-1',
      up.task('p-web-1').id.slice(0, 12),
    ]);

    await cluster.up(spec, { scale: { web: 3 } });
    const scaled = await cluster.untilRunning('p-web-1', 'p-web-2', 'p-web-3', 'p-db-1');
    assert.equal(scaled.task('p-web-1').id, up.task('p-web-1').id);

    const changed = serviceSpec('web', { container: containerSpec({ environment: { A: '1' } }) });
    const plan = await cluster.up(stackSpec([changed, serviceSpec('db')]));
    assert.deepEqual(
      plan.steps.map(({ action, name, reasons }) => [action, name, ...reasons]),
      [
        ['replace', 'p-web-1', 'environment.A: (none) -> "1"'],
        ['remove', 'p-web-2', 'scaled to 1'],
        ['remove', 'p-web-3', 'scaled to 1'],
      ],
    );
    const replaced = await cluster.until(
      (objects) => objects.tasks.length === 2 && objects.tasks.every(({ status }) => status.state === 'running'),
    );
    assert.notEqual(replaced.task('p-web-1').id, up.task('p-web-1').id);
    assert.equal(replaced.task('p-db-1').id, up.task('p-db-1').id);

    const down = await cluster.control.removeStack({ stack: 'p' });
    assert.deepEqual(new Set(down.steps.map(({ name }) => name)), new Set(['p-web-1', 'p-db-1', 'p_default']));
    await cluster.until((objects) => objects.isEmpty);
    assert.equal(cluster.agent?.tasks.size, 0);
  });

  it('writes nothing when nothing changes', async () => {
    const spec = stackSpec([serviceSpec('web')], {
      secrets: { key: { name: 'p_key', external: false, labels: {}, content: 'c2VjcmV0', digest: null } },
    });
    await cluster.up(spec);
    const before = await cluster.untilRunning('p-web-1');
    const again = await cluster.up(spec);
    assert.deepEqual(again.steps, []);
    assert.deepEqual(again.taskIds, [before.task('p-web-1').id]);
    const after = await cluster.control.listObjects({ stack: 'p' });
    assert.deepEqual(
      new Map(after.objects.map(({ id, version }) => [id, version])).get(before.task('p-web-1').id),
      before.task('p-web-1').version,
    );
  });

  it('starts in the order of depends_on and stops the other way round', async () => {
    const health = (task: TaskObject): Behaviour => ({
      ...runsForEver,
      health: task.service === 'db' ? 'starting' : null,
    });
    cluster.behaviourOf = (task) => (task.service === 'migrate' ? { ...runsForEver, exitCode: 0 } : health(task));
    const spec = stackSpec([
      serviceSpec('api', {
        dependsOn: { db: dependsOn('service_healthy'), migrate: dependsOn('service_completed_successfully') },
      }),
      serviceSpec('migrate', { dependsOn: { db: dependsOn('service_healthy') } }),
      serviceSpec('db'),
    ]);
    await cluster.up(spec);
    const waiting = await cluster.until(
      (objects) =>
        objects.tasks.length === 3 &&
        objects.tasks.every(({ status }) => status.state !== 'new' && status.container !== null),
    );
    assert.equal(waiting.task('p-api-1').status.state, 'ready');
    assert.equal(waiting.task('p-migrate-1').gate?.message, 'waits for p-db-1 to be healthy');
    const db = cluster.agent?.container('p-db-1');
    assert.ok(db !== undefined);
    cluster.agent?.report(db, db.changeHealth('healthy'));
    await cluster.until(({ tasks }) => tasks.find(({ service }) => service === 'api')?.status.state === 'running');

    await cluster.control.actOnTasks({ stack: 'p', action: 'stop' });
    const ended: string[] = [];
    await cluster.until(({ tasks }) => {
      for (const { service, status } of tasks) {
        if (status.state === 'shutdown' && !ended.includes(service)) ended.push(service);
      }
      return ended.length === 2;
    });
    assert.deepEqual(ended, ['api', 'db']);
  });

  it('says why a dependant is not started, and starts it when the dependency has recovered', async () => {
    cluster.behaviourOf = (task) => (task.service === 'db' ? { ...runsForEver, exitCode: 1 } : runsForEver);
    await cluster.up(
      stackSpec([serviceSpec('api', { dependsOn: { db: dependsOn('service_healthy') } }), serviceSpec('db')]),
    );
    const failed = await cluster.until(({ tasks }) => tasks.some(({ gate }) => gate?.failed === true));
    assert.equal(failed.task('p-api-1').gate?.message, 'dependency failed to start: container p-db-1 exited (1)');
    assert.notEqual(failed.task('p-api-1').status.state, 'running');
  });

  it('starts exited containers again with the next up, in the same container', async () => {
    cluster.behaviourOf = () => ({ ...runsForEver, exitCode: 0 });
    const spec = stackSpec([serviceSpec('job')]);
    await cluster.up(spec);
    const first = await cluster.until(({ tasks }) => tasks[0]?.status.state === 'complete');
    assert.deepEqual(
      (await cluster.up(spec)).steps.map(({ action }) => action),
      ['start'],
    );
    const second = await cluster.until(
      ({ tasks }) => tasks[0]?.status.state === 'complete' && tasks[0].status.run === 2,
    );
    assert.equal(second.task('p-job-1').id, first.task('p-job-1').id);
  });

  it('goes on after a restart of the manager in the middle of up and of down', async () => {
    cluster.agent?.stop();
    const services = ['a', 'b', 'c'].map((name) => serviceSpec(name));
    await cluster.up(stackSpec(services));
    await cluster.stopManager();
    await cluster.startManager();
    await cluster.startAgent();
    await cluster.untilRunning('p-a-1', 'p-b-1', 'p-c-1');

    cluster.agent?.stop();
    await cluster.control.removeStack({ stack: 'p' });
    await cluster.stopManager();
    await cluster.startManager();
    await cluster.startAgent();
    await cluster.until((objects) => objects.isEmpty);
  });

  it('runs a one-off after its dependencies and removes it when it has ended', async () => {
    cluster.behaviourOf = (task) => (task.oneOff === null ? runsForEver : { ...runsForEver, exitCode: 3 });
    const spec = stackSpec([
      serviceSpec('app', { dependsOn: { db: dependsOn('service_started') } }),
      serviceSpec('db'),
    ]);
    const run = await cluster.control.createOneOff({ spec: JSON.stringify(spec), service: 'app', autoRemove: true });
    assert.match(run.containerName, /^p-app-run-[0-9a-f]{12}$/);
    assert.equal(run.dependencyTaskIds.length, 1);
    await cluster.until(({ tasks }) => tasks.find(({ id }) => id === run.taskId)?.status.state === 'ready');
    await cluster.control.actOnTasks({ stack: 'p', action: 'start', taskIds: [run.taskId] });
    await cluster.untilRunning('p-db-1');
  });

  it('gives secrets to the agent and to nobody else', async () => {
    const content = Buffer.from('hunter2').toString('base64');
    const container = containerSpec({
      secrets: [{ source: 'key', target: '/run/secrets/key', uid: 0, gid: 0, mode: 0o444 }],
    });
    const secrets = { key: { name: 'p_key', external: false, labels: {}, content, digest: null } };
    await cluster.up(stackSpec([serviceSpec('web', { container })], { secrets }));
    await cluster.untilRunning('p-web-1');
    const sent = [...(cluster.agent?.resources ?? [])].filter(([key]) => key.startsWith('secret/'));
    assert.equal(sent.length, 1);
    assert.ok(sent[0]?.[1].includes(content));
    const listed = await cluster.control.listObjects({});
    assert.equal(JSON.stringify(listed).includes(content), false);
    const changed = { key: { ...secrets.key, content: Buffer.from('changed').toString('base64') } };
    const plan = await cluster.up(stackSpec([serviceSpec('web', { container })], { secrets: changed }), {
      dryRun: true,
    });
    assert.deepEqual(
      plan.steps.map(({ action, kind }) => `${action} ${kind}`),
      ['replace secret', 'replace container', 'keep network'],
    );
  });

  it('relays a stream both ways, and tells each end when the other is gone', async () => {
    await cluster.up(stackSpec([serviceSpec('web')]));
    const up = await cluster.untilRunning('p-web-1');
    const told = Promise.withResolvers<string>();
    cluster.agent?.stop();
    cluster.onStream = async (request, stream) => {
      try {
        for await (const frame of stream) {
          if (frame.content === 'stdin') await stream.write({ content: 'stdout', stdout: frame.stdin });
          if (frame.content === 'end') return await stream.write({ content: 'exit', exit: { code: 7 } });
        }
      } catch (error) {
        told.resolve(`${request.open?.kind ?? ''} ${(error as { code: string }).code}`);
      }
    };
    await cluster.startAgent();
    const open = { kind: 'exec', taskId: up.task('p-web-1').id, nodeId: '', arguments: '{}' };
    const stream = cluster.control.open();
    await stream.write({ content: 'open', open });
    await stream.write({ content: 'stdin', stdin: Buffer.from('hello') });
    stream.end();
    const frames: string[] = [];
    for await (const frame of stream) frames.push(frame.content === 'stdout' ? frame.stdout.toString() : frame.content);
    assert.deepEqual(frames, ['hello', 'exit']);

    const left = cluster.control.open();
    await left.write({ content: 'open', open });
    await left.write({ content: 'stdin', stdin: Buffer.from('x') });
    for await (const _ of left) break;
    left.cancel();
    assert.equal(await told.promise, 'exec canceled');
  });

  it('refuses a stream to a container that is not there or not reachable', async () => {
    const failing = async (taskId: string): Promise<void> => {
      const stream = cluster.control.open({ deadlineMs: 60_000 });
      await stream.write({ content: 'open', open: { kind: 'exec', taskId, nodeId: '', arguments: '{}' } });
      for await (const _ of stream) continue;
    };
    await assert.rejects(failing('nothing'), { code: 'not-found' });
    await cluster.up(stackSpec([serviceSpec('web')]));
    const up = await cluster.untilRunning('p-web-1');
    cluster.agent?.stop();
    const id = up.task('p-web-1').id;
    await assert.rejects(failing(id), { code: 'unavailable' });
  });

  it('tells events in order, with names and exit codes', async () => {
    const sinceMs = Date.now() - 1;
    await cluster.up(stackSpec([serviceSpec('web')]));
    await cluster.untilRunning('p-web-1');
    await cluster.control.removeStack({ stack: 'p' });
    await cluster.until((objects) => objects.isEmpty);
    const seen: string[] = [];
    for await (const event of cluster.control.events({ stack: 'p', sinceMs, untilMs: Date.now() + 50 })) {
      seen.push(`${event.action} ${event.attributes['name'] ?? ''} ${event.attributes['exitCode'] ?? ''}`.trim());
    }
    assert.deepEqual(seen, [
      'create p-web-1',
      'start p-web-1',
      'kill p-web-1',
      'die p-web-1 143',
      'stop p-web-1',
      'destroy p-web-1',
    ]);
  });

  it('refuses broken specs naming the field, and names and ports that are taken naming the owner', async () => {
    await assert.rejects(cluster.control.applyStack({ spec: '{' }), { code: 'invalid', message: 'stack: is no JSON' });
    const broken = stackSpec([serviceSpec('web', { replicas: -1 })]);
    await assert.rejects(cluster.up(broken), { code: 'invalid', message: /services\.web\.replicas/ });
    await assert.rejects(cluster.up(stackSpec([serviceSpec('web')]), { services: ['x'] }), {
      code: 'not-found',
      message: 'no such service: x',
    });
    const port = {
      target: 80,
      protocol: 'tcp',
      mode: 'ingress',
      hostIp: null,
      published: { from: 8080, to: 8080 },
    } as const;
    await cluster.up(stackSpec([serviceSpec('web', { ports: [port], containerName: 'mine' })]));
    const other = stackSpec([serviceSpec('app', { ports: [port] })], { name: 'q' });
    await assert.rejects(cluster.up(other), { code: 'conflict', message: /host port 8080\/tcp is taken by mine/ });
    const named = stackSpec([serviceSpec('app', { containerName: 'mine' })], { name: 'q' });
    await assert.rejects(cluster.up(named), {
      code: 'conflict',
      message: /mine .* is taken by service web of stack p/,
    });
    const listed = await cluster.control.listObjects({ stack: 'q' });
    assert.deepEqual(listed.objects, []);
  });

  it('spends little time on 50 services', async () => {
    const spec = stackSpec(Array.from({ length: 50 }, (_unused, index) => serviceSpec(`s${index}`)));
    // Of the processor: how long this process waits for one, or for the disk, is the doing of others.
    const usedMs = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    };
    const begin = usedMs();
    await cluster.up(spec);
    const applied = usedMs();
    await cluster.until(({ tasks }) => tasks.length === 50 && tasks.every(({ status }) => status.state === 'running'));
    const running = usedMs();
    await cluster.up(spec);
    const unchanged = usedMs();
    await cluster.control.removeStack({ stack: 'p' });
    await cluster.until((objects) => objects.isEmpty);
    // The target is 150 ms on a quiet machine; the bound only catches what grows with the square of the services.
    const spent = {
      apply: applied - begin,
      start: running - applied,
      unchanged: unchanged - running,
      down: usedMs() - unchanged,
    };
    for (const [part, ms] of Object.entries(spent)) assert.ok(ms < 400, `${part} took ${ms} ms`);
  });
});
