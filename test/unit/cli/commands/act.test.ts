import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { TaskObject } from '../../../../src/model/objects.ts';
import type { ActOnTasksRequest, Frame, OpenStream, PlanStep } from '../../../../src/rpc/messages.ts';
import type { DuplexStream } from '../../../../src/rpc/service-types.ts';
import { TsstackError } from '../../../../src/model/errors.ts';
import { runCommand, TestIo, type CommandOutcome } from '../../../support/command-io.ts';
import { FakeControl } from '../../../support/fake-control.ts';
import { exitedStatus, networkObject, stackObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';

const file = 'name: p\nservices:\n  web: { image: a }\n  db: { image: b }\n  job: { image: c }\n';

describe('verbs on containers that exist', () => {
  let fake: FakeControl;
  let path: string;
  const web1 = taskObject('web');
  const web2 = taskObject('web', { slot: 2 });
  const db = taskObject('db', { status: exitedStatus(1) });

  beforeEach(async () => {
    fake = await new FakeControl().start();
    path = fake.write(file);
    fake.put(web1, web2, db);
  });
  afterEach(() => fake.stop());

  function run(argv: readonly string[], stdin = ''): Promise<CommandOutcome> {
    return runCommand(['-f', path, ...argv], new TestIo({ env: fake.env, cwd: fake.directory, stdin }));
  }
  const lastAct = (): ActOnTasksRequest => fake.requestsOf('act').at(-1) as ActOnTasksRequest;

  /** The command has seen what there was, and looks for changes. */
  async function untilWatched(): Promise<void> {
    while (fake.requestsOf('watch').length === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** The daemon does what it is asked at once. */
  function actsWith(change: (task: TaskObject) => TaskObject | null, ...tasks: readonly TaskObject[]): void {
    fake.answers.act = () => {
      for (const task of tasks) {
        const next = change(task);
        if (next === null) fake.remove(task);
        else fake.put(next);
      }
      return tasks.map(({ id }) => id);
    };
  }

  it('say without a stack file how else a stack is named', async () => {
    const { code, stderr } = await runCommand(['restart'], new TestIo({ env: fake.env, cwd: '/proc/sys' }));
    assert.equal(code, 1);
    assert.match(stderr, /^error: no stack file in \/proc\/sys .*\nhint: .* -p: `tsstack ls`/);
  });

  it('say of a stack without containers that it has none', async () => {
    const empty = await new FakeControl().start();
    const io = new TestIo({ env: empty.env, cwd: '/proc/sys' });
    const { code, stderr } = await runCommand(['-p', 'mistyped', 'stop', 'web'], io);
    await empty.stop();
    assert.equal(code, 1);
    assert.match(stderr, /^error: no such service: web\nhint: that stack has no containers: `tsstack ls`/);
  });

  it('stop sends the grace and tells of each container', async () => {
    actsWith((task) => ({ ...task, desired: 'stopped', status: exitedStatus(143) }), web1, web2);
    const { code, stdout, stderr } = await run(['stop', '-t', '3', 'web']);
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /Container p-web-1 Stopping\nContainer p-web-1 Stopped\n/);
    const { action, services, stopGraceMs } = lastAct();
    assert.deepEqual({ action, services, stopGraceMs }, { action: 'stop', services: ['web'], stopGraceMs: 3000 });
  });

  it('stop -t -1 waits for ever', async () => {
    actsWith((task) => task);
    await run(['stop', '-t', '-1']);
    assert.equal(lastAct().stopGraceMs, -1);
  });

  it('start refuses a service that has no container', async () => {
    const { code, stderr } = await run(['start', 'job']);
    assert.equal(code, 1);
    assert.match(stderr, /service "job" has no container to start\nhint: create it with `tsstack up`/);
  });

  it('restart ends when the new run has begun', async () => {
    actsWith((task) => ({ ...task, desiredRun: 2, status: taskStatus({ run: 2 }) }), web1);
    const { code, stderr } = await run(['restart', 'web']);
    assert.equal(code, 0);
    assert.match(stderr, /Container p-web-1 Restarting\nContainer p-web-1 Restarted\n/);
  });

  it('rm takes ended containers only, and asks', async () => {
    actsWith(() => null, db);
    const refused = await run(['rm'], 'n\n');
    assert.deepEqual([refused.code, fake.requestsOf('act').length], [0, 0]);
    assert.match(refused.stderr, /^Going to remove p-db-1\nAre you sure\? \[yN\] $/);
    const { code, stderr } = await run(['rm', '-v'], 'y\n');
    assert.equal(code, 0);
    assert.match(stderr, /Container p-db-1 Removed\n$/);
    const { taskIds, volumes, stopFirst } = lastAct();
    assert.deepEqual({ taskIds, volumes, stopFirst }, { taskIds: [db.id], volumes: true, stopFirst: false });
    assert.match((await run(['rm', '-f'])).stderr, /No stopped containers/);
  });

  it('down shows what goes, and says when there is nothing', async () => {
    const network = networkObject();
    const step = (kind: string, name: string): PlanStep => ({ action: 'remove', kind, name, service: '', reasons: [] });
    fake.put(network);
    fake.answers.removeStack = () => {
      fake.remove(web1, network);
      return { steps: [step('container', 'p-web-1'), step('network', 'p_default')], warnings: ['careful'] };
    };
    const { code, stderr } = await run(['down', '-v', '--rmi', 'all']);
    assert.equal(code, 0);
    assert.match(
      stderr,
      /^warning: careful\nContainer p-web-1 Removing\nContainer p-web-1 Removed\nNetwork p_default Removing\nNetwork p_default Removed\n$/,
    );
    fake.answers.removeStack = () => ({ steps: [], warnings: [] });
    assert.match((await run(['down'])).stderr, /^Warning: No resource found to remove for project "p"\.\n$/);
  });

  it('down does not wait for what another up has brought back under the same names', async () => {
    const network = networkObject();
    const step = (kind: string, name: string): PlanStep => ({ action: 'remove', kind, name, service: '', reasons: [] });
    fake.put(network);
    fake.answers.removeStack = () => {
      fake.put(stackObject({ removing: true }), { ...web1, desired: 'remove' });
      return { steps: [step('container', 'p-web-1'), step('network', 'p_default')], warnings: [] };
    };
    const down = run(['down']);
    await untilWatched();
    fake.put(stackObject({ removing: false }), { ...web1, id: 'next' });
    fake.remove(web1);
    const { code, stderr } = await down;
    assert.equal(code, 0);
    assert.match(stderr, /Container p-web-1 Removed\n$/);
    assert.doesNotMatch(stderr, /Network/);
  });

  it('wait reports each end and passes on the first code that is not 0', async () => {
    const waiting = run(['wait', 'web']);
    await untilWatched();
    fake.put({ ...web1, status: exitedStatus(0) });
    fake.put({ ...web2, status: exitedStatus(4) });
    const { code, stdout } = await waiting;
    assert.equal(code, 4);
    assert.equal(
      stdout,
      'container "p-web-1" exited with status code 0\ncontainer "p-web-2" exited with status code 4\n',
    );
    assert.match((await run(['wait', 'db'])).stderr, /no container of db is running/);
  });

  it('refuse unknown services with the nearest name, and know those of the file', async () => {
    const { code, stderr } = await run(['stop', 'wep']);
    assert.deepEqual([code, stderr], [1, 'error: no such service: wep\nhint: did you mean "web"?\n']);
    assert.equal((await run(['ps', 'job'])).code, 0);
    const byName = await runCommand(['-p', 'p', 'ps', 'job'], new TestIo({ env: fake.env }));
    assert.equal(byName.code, 1);
    assert.match(byName.stderr, /^error: no such service: job\n/);
  });

  describe('streams', () => {
    let opened: OpenStream[];
    const argumentsOf = (open: OpenStream | undefined): unknown => JSON.parse(open?.arguments ?? 'null') as unknown;

    function answers(serve: (open: OpenStream, stream: DuplexStream<Frame, Frame>) => Promise<number>): void {
      opened = [];
      fake.answers.open = (open, stream) => {
        opened.push(open);
        return serve(open, stream);
      };
    }

    it('kill sends SIGKILL or the named signal to running containers', async () => {
      answers(() => Promise.resolve(0));
      const { stderr } = await run(['kill']);
      assert.deepEqual(opened.map(({ taskId }) => taskId).toSorted(), [web1.id, web2.id]);
      assert.deepEqual(argumentsOf(opened[0]), { signal: 'SIGKILL' });
      assert.match(stderr, /Container p-web-1 Killed/);
      await run(['kill', '-s', 'HUP', 'web']);
      assert.deepEqual(argumentsOf(opened.at(-1)), { signal: 'SIGHUP' });
      assert.match((await run(['kill', 'db'])).stderr, /^No container to kill\n$/);
    });

    it('exec goes to the lowest running container, with what the flags say', async () => {
      answers(async (_open, stream) => {
        const received: Buffer[] = [];
        for await (const frame of stream) {
          if (frame.content === 'stdin') received.push(frame.stdin);
          if (frame.content === 'end') break;
        }
        await stream.write({ content: 'stdout', stdout: Buffer.concat(received) });
        await stream.write({ content: 'stderr', stderr: Buffer.from('oops') });
        return 42;
      });
      const { code, stdout, stderr } = await run(
        ['exec', '-T', '-u', 'me', '-w', '/x', '-e', 'A=1', '-e', 'HOME', '-e', 'NOT_SET', 'web', 'ls', '-u', '-T'],
        'input',
      );
      assert.deepEqual([code, stdout, stderr], [42, 'input', 'oops']);
      assert.equal(opened[0]?.taskId, web1.id);
      assert.deepEqual(argumentsOf(opened[0]), {
        command: ['ls', '-u', '-T'],
        environment: ['A=1', 'HOME=/root'],
        user: 'me',
        workingDir: '/x',
        tty: false,
        stdin: true,
        detach: false,
        privileged: false,
        size: null,
      });
      await run(['exec', '--index', '2', 'web', 'ls']);
      assert.equal(opened.at(-1)?.taskId, web2.id);
    });

    it('exec says what does not run, and passes 126 and 127 on', async () => {
      assert.match((await run(['exec', 'db', 'ls'])).stderr, /service "db" is not running/);
      assert.match(
        (await run(['exec', '--index', '3', 'web', 'ls'])).stderr,
        /service "web" is not running container #3/,
      );
      for (const [problem, exitCode] of [
        ['not-found', 127],
        ['permission', 126],
        ['conflict', 1],
      ] as const) {
        answers(() => Promise.reject(new TsstackError(problem, 'exec nope: no')));
        const { code, stderr } = await run(['exec', 'web', 'nope']);
        assert.deepEqual([code, stderr], [exitCode, 'error: exec nope: no\n']);
      }
      assert.match((await run(['exec', '-t', 'web', 'ls'])).stderr, /the input device is not a TTY/);
    });

    it('logs merges containers by time, with the flags in the query', async () => {
      answers(async ({ taskId }, stream) => {
        const second = taskId === web1.id ? '02' : '01';
        const stdout = Buffer.from(`2026-11-21T04:00:${second}.000000000Z stdout F of ${taskId}\n`);
        await stream.write({ content: 'stdout', stdout });
        return 0;
      });
      const { stdout } = await run(['logs', '--tail', '5', '--since', '2026-11-21T00:00:00Z', 'web']);
      assert.equal(stdout, 'web-2  | of p-web-2\nweb-1  | of p-web-1\n');
      const query = {
        source: 'container',
        run: null,
        follow: false,
        tail: 5,
        since: '2026-11-21T00:00:00.000Z',
        until: null,
      };
      assert.deepEqual(argumentsOf(opened[0]), query);
      const bare = await run(['logs', '--no-log-prefix', '-t', '--index', '2', 'web']);
      assert.equal(bare.stdout, '2026-11-21T04:00:01.000000000Z of p-web-2\n');
    });

    it('logs -f ends when all have ended', async () => {
      answers(() => Promise.resolve(0));
      const following = run(['logs', '-f', 'web']);
      await untilWatched();
      fake.put({ ...web1, status: exitedStatus(0) }, { ...web2, status: exitedStatus(0) });
      assert.equal((await following).code, 0);
      assert.equal((argumentsOf(opened[0]) as { follow: boolean }).follow, true);
    });

    it('run creates a one-off, attaches, passes input, output and code through, and ends when --rm is done', async () => {
      const oneOff = taskObject('job', {
        id: 'one-off',
        containerName: 'p-job-run-1',
        oneOff: { autoRemove: true, useAliases: false },
        desired: 'ready',
        status: taskStatus({ state: 'ready' }),
      });
      fake.answers.createOneOff = () => (fake.put(oneOff), oneOff.id);
      answers(async ({ kind }, stream) => {
        assert.equal(kind, 'attach');
        for await (const frame of stream) {
          if (frame.content === 'stdin') await stream.write({ content: 'stdout', stdout: frame.stdin });
          if (frame.content === 'end') break;
        }
        fake.put({ ...oneOff, status: exitedStatus(9) });
        setTimeout(() => {
          fake.put({ ...oneOff, status: exitedStatus(9), desired: 'remove' });
          isLeaving = true;
        }, 100);
        return 9;
      });
      let isLeaving = false;
      const flags = [
        '--rm',
        '-T',
        '-e',
        'A=1',
        '-p',
        '8080:80',
        '-v',
        '/tmp:/x:ro',
        '--entrypoint',
        'sh -c',
        '-u',
        'me',
      ];
      const { code, stdout, stderr } = await run(['run', ...flags, 'job', 'echo', '--rm'], 'typed');
      assert.ok(isLeaving, 'the next command does not find it');
      assert.deepEqual([code, stdout], [9, 'typed']);
      assert.equal(stderr, 'Container p-job-run-1 Creating\nContainer p-job-run-1 Created\n');
      assert.deepEqual(argumentsOf(opened[0]), { stdin: true, output: true, start: true, size: null });
      const [request] = fake.requestsOf('createOneOff') as { spec: string; autoRemove: boolean }[];
      assert.equal(request?.autoRemove, true);
      const { job } = (JSON.parse(request.spec) as { services: Record<string, TaskObject['spec']> }).services;
      assert.deepEqual(job?.container.entrypoint, ['sh', '-c']);
      assert.deepEqual(job.container.command, ['echo', '--rm']);
      assert.deepEqual(job.container.environment, { A: '1' });
      assert.equal(job.container.user, 'me');
      assert.deepEqual(job.ports, [
        { target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null, published: { from: 8080, to: 8080 } },
      ]);
      assert.deepEqual(
        job.container.mounts.map((mount) => [mount.type, mount.target]),
        [['bind', '/x']],
      );
    });
  });
});
