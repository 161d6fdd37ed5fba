import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskObject } from '../../src/model/objects.ts';
import type { ContainerSpec, ServiceSpec, StackSpec } from '../../src/model/spec.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import { connectControl } from '../../src/rpc/client.ts';
import type { Frame } from '../../src/rpc/messages.ts';
import type { ControlClient } from '../../src/rpc/service-types.ts';
import type { StreamKind, StreamKinds } from '../../src/rpc/stream-kinds.ts';
import { findLeftovers } from '../support/leftovers.ts';
import { until, untilGone } from '../support/test-host.ts';
import { containerSpec, serviceSpec } from '../unit/agents/host/builders.ts';
import { networkAttachment } from '../fixtures/network-attachment.ts';
import { networkSpec } from '../fixtures/network-spec.ts';

/** A daemon in this process, whose containers are as real as any. */
class LocalDaemon {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-daemon-'));
  readonly dataRoot = join(this.directory, 'data');
  readonly runRoot = join(this.directory, 'run');
  #daemon: Daemon | null = null;
  #client: ControlClient | null = null;

  get client(): ControlClient {
    assert.ok(this.#client !== null);
    return this.#client;
  }

  async start(): Promise<void> {
    const host = `unix://${join(this.runRoot, 'tsstack.sock')}`;
    const { dataRoot, runRoot } = this;
    this.#daemon = await Daemon.start({
      dataRoot,
      runRoot,
      host,
      logLevel: 'debug',
      runtime: 'box',
      cdiDirectories: [],
      facts: { genericResources: {}, engineLabels: {}, systemReserve: { cpus: 0, memoryBytes: 0 } },
    });
    this.#client = await connectControl(host);
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.#daemon?.stop();
    this.#daemon = null;
  }

  async apply(services: Readonly<Record<string, ServiceSpec>>): Promise<void> {
    await this.client.applyStack({ spec: JSON.stringify(stack(services)) });
  }

  /** Waits until the tasks of the stack satisfy; gives them. */
  async until(isEnough: (tasks: readonly TaskObject[]) => boolean): Promise<readonly TaskObject[]> {
    const tasks = new Map<string, TaskObject>();
    const deadline = AbortSignal.timeout(60_000);
    try {
      for await (const { objects, synced } of this.client.watch(
        { stack: 'shop', kinds: ['task'] },
        { signal: deadline },
      )) {
        for (const { id, document } of objects) {
          if (document === '') tasks.delete(id);
          else tasks.set(id, JSON.parse(document) as TaskObject);
        }
        if ((synced || tasks.size > 0 || objects.length > 0) && isEnough([...tasks.values()]))
          return [...tasks.values()];
      }
    } catch (error) {
      const states = Array.from(
        tasks.values(),
        ({ containerName, status }) => `${containerName}: ${JSON.stringify(status)}`,
      );
      throw new Error(`not reached:\n${states.join('\n')}\n${this.log()}`, { cause: error });
    }
    throw new Error('the watch ended');
  }

  async untilState(state: string, run = 1): Promise<TaskObject> {
    const [task] = await this.until(([first]) => first?.status.state === state && first.status.run === run);
    assert.ok(task !== undefined);
    return task;
  }

  async open<Kind extends StreamKind>(
    kind: Kind,
    taskId: string,
    args: StreamKinds[Kind]['arguments'],
    stdin: string | null = null,
  ): Promise<{ readonly output: string; readonly errors: string; readonly last: Frame | undefined }> {
    const stream = this.client.open();
    await stream.write({ content: 'open', open: { kind, taskId, nodeId: '', arguments: JSON.stringify(args) } });
    if (stdin !== null) await stream.write({ content: 'stdin', stdin: Buffer.from(stdin) });
    await stream.write({ content: 'end', end: true });
    let [output, errors, last]: [string, string, Frame | undefined] = ['', '', undefined];
    for await (const frame of stream) {
      last = frame;
      if (frame.content === 'stdout') output += frame.stdout.toString();
      if (frame.content === 'stderr') errors += frame.stderr.toString();
    }
    return { output, errors, last };
  }

  state(task: TaskObject): { readonly pid: number; readonly shimPid: number } {
    const path = join(this.runRoot, 'containers', task.id.slice(0, 12), 'state.json');
    return JSON.parse(readFileSync(path, 'utf8')) as { pid: number; shimPid: number };
  }

  log(): string {
    return readFileSync(join(this.dataRoot, 'daemon.log'), 'utf8');
  }
}

function stack(services: Readonly<Record<string, ServiceSpec>>): StackSpec {
  const labels = {};
  return {
    name: 'shop',
    workingDir: '/',
    files: [],
    services,
    networks: {
      default: networkSpec('shop_default', { labels }),
    },
    volumes: { data: { name: 'shop_data', external: false, labels, filesystem: null } },
    secrets: {
      pw: {
        name: 'shop_pw',
        external: false,
        labels,
        content: Buffer.from('geheim').toString('base64'),
        digest: 'sha256:0',
      },
    },
    configs: {},
    disabledServices: [],
    providers: {},
  };
}

/** A service that runs a script on the host's own programs. */
function script(text: string, container: Partial<ContainerSpec> = {}, change: Partial<ServiceSpec> = {}): ServiceSpec {
  return serviceSpec({
    image: 'rootfs:///',
    container: containerSpec({ command: ['sh', '-c', text], stopGraceMs: 500, ...container }),
    networks: [networkAttachment()],
    ...change,
  });
}

const exec = {
  environment: [],
  user: null,
  workingDir: null,
  tty: false,
  stdin: false,
  detach: false,
  privileged: false,
  size: null,
} as const;

const forever = 'exec sleep 1000';

describe('daemon', () => {
  let host: LocalDaemon;

  beforeEach(async () => {
    host = new LocalDaemon();
    await host.start();
  });

  afterEach(async () => {
    await host.client.removeStack({ stack: 'shop', volumes: true, stopGraceMs: 0 });
    await host.until((tasks) => tasks.length === 0);
    // The manager forgets a volume at once, the host needs a moment for its data, and nothing announces its end.
    const volumes = join(host.dataRoot, 'volumes');
    await until(
      async () => (existsSync(volumes) ? readdirSync(volumes) : []),
      (names) => names.length === 0,
    );
    await host.stop();
    // The last helper ends by itself once it has answered.
    await until(
      async () => findLeftovers({ runRoot: host.runRoot, dataRoot: host.dataRoot, holder: null }),
      (left) => left.length === 0,
    );
    rmSync(host.directory, { recursive: true });
  });

  it('runs a container with everything in its place', async () => {
    const text = [
      'id -u',
      'hostname',
      'cat /run/secrets/pw; echo',
      'touch /data/file && echo written',
      'getent hosts web | tr -s " "',
      'cat /proc/1/limits | grep "open files" | tr -s " "',
      'echo to stderr >&2',
    ].join('; ');
    const mount = {
      type: 'volume',
      volume: 'data',
      target: '/data',
      readOnly: false,
      noCopy: false,
      subpath: null,
      labels: {},
    } as const;
    const secret = { source: 'pw', target: '/run/secrets/pw', uid: 0, gid: 0, mode: 0o444 };
    const container: Partial<ContainerSpec> = {
      hostname: 'box',
      mounts: [mount],
      secrets: [secret],
      ulimits: { nofile: { soft: 99, hard: 100 } },
    };
    await host.apply({ web: script(text, container) });
    const [task] = await host.until(([first]) => first?.nodeId != null);
    assert.ok(task !== undefined);
    const { output, last } = await host.open('logs', task.id, {
      source: 'container',
      run: null,
      follow: true,
      tail: null,
      since: null,
      until: null,
    });
    assert.deepEqual(last, { content: 'exit', exit: { code: 0 } });
    const lines = new Set(output.split('\n').map((line) => line.slice(31)));
    const address = task.attachments[0]?.addresses[0]?.split('/')[0];
    for (const line of ['0', 'box', 'geheim', 'written', `${address} web`, 'Max open files 99 100 files ']) {
      assert.ok(lines.has(`stdout F ${line}`), `${line} in\n${output}`);
    }
    assert.ok(lines.has('stderr F to stderr'));
    assert.ok(existsSync(join(host.dataRoot, 'volumes/shop_data/_data/file')));
    assert.ok(!host.log().includes('geheim'));
  });

  it('runs commands in a container, with their exit codes', async () => {
    await host.apply({ web: script(forever) });
    const { id } = await host.untilState('running');
    const shell = await host.open(
      'exec',
      id,
      { ...exec, command: ['sh', '-c', 'cat; echo no >&2; exit 7'], stdin: true },
      'yes',
    );
    assert.deepEqual(shell, { output: 'yes', errors: 'no\n', last: { content: 'exit', exit: { code: 7 } } });
    const problemOf = async (command: readonly string[]): Promise<string | undefined> => {
      const { last } = await host.open('exec', id, { ...exec, command });
      return last?.content === 'problem' ? last.problem.code : undefined;
    };
    assert.equal(await problemOf(['/nonexistent']), 'not-found');
    assert.equal(await problemOf(['/etc/passwd']), 'permission');
  });

  it('tells why a container could not be started', async () => {
    await host.apply({ web: script('', { command: ['/nonexistent'] }) });
    const { status } = await host.untilState('failed');
    assert.equal(status.container?.exitCode, 127);
    assert.match(status.message, /\/nonexistent/);
  });

  it('leaves containers alone when it goes and finds them when it comes back', async () => {
    await host.apply({ web: script(forever) });
    const before = host.state(await host.untilState('running'));
    await host.stop();
    assert.ok(existsSync(`/proc/${before.pid}`));
    await host.start();
    await host.apply({ web: script(forever) });
    assert.deepEqual(host.state(await host.untilState('running')), before);
  });

  it('brings a container back whose shim was killed, as its restart policy says', async () => {
    await host.apply({ web: script(forever, {}, { restart: { policy: 'always', maxRetries: 0, supervision: null } }) });
    const before = host.state(await host.untilState('running'));
    process.kill(before.shimPid, 'SIGKILL');
    await host.until(([task]) => task?.status.container?.restartCount === 1);
    await untilGone(before.pid);
  });

  it('starts again what ended while it was away', async () => {
    await host.apply({ web: script(forever) });
    const task = await host.untilState('running');
    const { pid } = host.state(task);
    await host.stop();
    process.kill(pid, 'SIGKILL');
    await host.start();
    assert.equal((await host.untilState('failed')).status.container?.exitCode, 137);
    await host.client.actOnTasks({ stack: 'shop', action: 'start' });
    await host.untilState('running', 2);
  });

  it('watches the health of a container', async () => {
    const healthcheck = {
      test: ['CMD', 'test', '-e', '/tmp/well'],
      intervalMs: 50,
      timeoutMs: 5000,
      retries: 2,
      startPeriodMs: 0,
      startIntervalMs: null,
    };
    await host.apply({
      web: script(forever, {
        healthcheck,
        mounts: [{ type: 'tmpfs', target: '/tmp', sizeBytes: null, mode: null, options: [] }],
      }),
    });
    const healthOf = (state: string) => (tasks: readonly TaskObject[]) =>
      tasks[0]?.status.container?.health?.state === state;
    const [task] = await host.until(healthOf('unhealthy'));
    await host.open('exec', task?.id ?? '', { ...exec, command: ['touch', '/tmp/well'] });
    await host.until(healthOf('healthy'));
  });
});
