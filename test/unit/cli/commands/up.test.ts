import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { TsstackError } from '../../../../src/model/errors.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import type { ActOnTasksRequest, ApplyStackRequest, OpenStream, PlanStep } from '../../../../src/rpc/messages.ts';
import { runCommand, TestIo, type CommandOutcome } from '../../../support/command-io.ts';
import { FakeControl } from '../../../support/fake-control.ts';
import { containerStatus, exitedStatus, nodeObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';

const file = 'name: p\nservices:\n  web: { image: a, depends_on: [db] }\n  db: { image: b }\n';
const preparing = taskStatus({ state: 'preparing', container: null });
const step = (action: string, kind: string, name: string): PlanStep => ({
  action,
  kind,
  name,
  service: '',
  reasons: [],
});

describe('up', () => {
  let fake: FakeControl;
  let io: TestIo;
  let path: string;
  const web = taskObject('web', { status: preparing });
  const db = taskObject('db', { status: preparing });

  beforeEach(async () => {
    fake = await new FakeControl().start();
    path = fake.write(file);
    io = new TestIo({ env: fake.env, cwd: fake.directory });
    // No image of this host is known.
    fake.answers.open = () => Promise.resolve(0);
    fake.answers.apply = () => {
      fake.put(web, db);
      return {
        steps: [
          step('create', 'network', 'p_default'),
          step('create', 'container', 'p-web-1'),
          step('create', 'container', 'p-db-1'),
        ],
        taskIds: [web.id, db.id],
        orphans: [],
        warnings: [],
      };
    };
  });
  afterEach(() => fake.stop());

  const up = (...args: readonly string[]): Promise<CommandOutcome> => runCommand(['-f', path, 'up', ...args], io);
  const running = (task: TaskObject): TaskObject => ({ ...task, status: taskStatus() });

  /** Calls back when the command has written that to standard error. */
  async function untilSaid(pattern: RegExp, where: 'stderr' | 'stdout' = 'stderr'): Promise<void> {
    while (!pattern.test(io[where].text)) await new Promise((resolve) => setImmediate(resolve));
  }

  it('-d applies the file and ends when every container has been started', async () => {
    const outcome = up('-d');
    await untilSaid(/p-web-1 Creating/);
    fake.put(running(db));
    fake.put(running(web));
    assert.deepEqual(await outcome, {
      code: 0,
      stdout: '',
      stderr: [
        'Network p_default Created',
        'Container p-web-1 Creating',
        'Container p-db-1 Creating',
        ...['Created', 'Starting', 'Started'].map((word) => `Container p-db-1 ${word}`),
        ...['Created', 'Starting', 'Started'].map((word) => `Container p-web-1 ${word}`),
        '',
      ].join('\n'),
    });
  });

  it('sends what the flags say', async () => {
    fake.answers.apply = () => ({ steps: [], taskIds: [], orphans: [], warnings: [] });
    await up('-d', '--force-recreate', '--scale', 'web=3', '-t', '5', '-V', '--no-deps', '--pull', 'never', 'web');
    const [request] = fake.requestsOf('apply') as ApplyStackRequest[];
    assert.deepEqual(
      { ...request, spec: '' },
      {
        spec: '',
        services: ['web'],
        noDeps: true,
        forceRecreate: true,
        noRecreate: false,
        alwaysRecreateDeps: false,
        removeOrphans: false,
        noStart: false,
        renewAnonymousVolumes: true,
        stopGraceMs: 5000,
        changedVolumes: 'keep',
        recreateVolumes: [],
        dryRun: false,
        scale: { web: 3 },
      },
    );
    const spec = JSON.parse(request?.spec ?? '') as { services: Record<string, { pullPolicy: string }> };
    assert.equal(spec.services['web']?.pullPolicy, 'never');
  });

  it('says that nothing changes, with a line for each container', async () => {
    fake.answers.apply = () => ({ steps: [], taskIds: [web.id], orphans: [], warnings: [] });
    fake.put(running(web));
    assert.deepEqual(await up('-d'), { code: 0, stdout: '', stderr: 'Container p-web-1 Running\n' });
  });

  it('pulls nothing that is here: whether a name means another image by now, the planner knows', async () => {
    fake.answers.apply = () => ({ steps: [], taskIds: [web.id], orphans: [], warnings: [] });
    fake.put(running(web));
    await up('-d');
    assert.deepEqual(
      fake.requests.map(({ method }) => method).filter((method) => method === 'open'),
      [],
    );
  });

  describe('when an image is not on this host', () => {
    const pulls = (): unknown =>
      (fake.requestsOf('open') as OpenStream[]).map(({ arguments: given }) => JSON.parse(given));
    beforeEach(() => fake.missingImages.add('a'));

    it('gets it before anything changes', async () => {
      fake.answers.apply = () => {
        assert.deepEqual(pulls(), [{ reference: 'a', policy: 'missing' }]);
        return {};
      };
      const { code, stderr } = await up('-d');
      assert.deepEqual({ code, stderr }, { code: 0, stderr: 'Image a Pulling\nImage a Pulled\n' });
      assert.equal(fake.requestsOf('apply').length, 1);
    });

    it('--quiet-pull does so without a word', async () => {
      fake.answers.apply = () => ({});
      assert.deepEqual(await up('-d', '--quiet-pull'), { code: 0, stdout: '', stderr: '' });
      assert.deepEqual(pulls(), [{ reference: 'a', policy: 'missing' }]);
    });

    it('changes nothing if it cannot be had, and says where the file names it', async () => {
      fake.answers.open = () => Promise.reject(new TsstackError('not-found', 'get image a: it is nowhere'));
      const { code, stderr } = await up('-d');
      assert.equal(code, 1);
      assert.match(stderr, /stack\.yml:3:\d+: error: services\.web\.image: get image a: it is nowhere/);
      assert.deepEqual(fake.requestsOf('apply'), []);
    });

    it('leaves it to the nodes in a cluster, and does not need the one of this host', async () => {
      fake.isHostAway = true;
      fake.put(nodeObject({ id: 'n1' }), nodeObject({ id: 'n2' }));
      fake.answers.apply = () => ({});
      assert.equal((await up('-d')).code, 0);
      assert.deepEqual(pulls(), []);
    });

    it('does not need it for services that run nowhere', async () => {
      fake.write(file.replace('image: a', 'image: a, scale: 0'));
      fake.answers.apply = () => ({});
      assert.equal((await up('-d')).code, 0);
      assert.deepEqual(pulls(), []);
    });
  });

  describe('when the definition of a volume has changed', () => {
    const question = { ...step('replace', 'volume', 'p_data'), reasons: ['labels.a: "1" -> "2"'] };
    const wishes = (): unknown =>
      (fake.requestsOf('apply') as ApplyStackRequest[]).map(({ changedVolumes, recreateVolumes }) => [
        changedVolumes,
        recreateVolumes,
      ]);
    const onTerminal = (stdin: string): TestIo => {
      const terminal = new TestIo({ env: fake.env, cwd: fake.directory, stdin });
      return Object.assign(terminal, { stdin: Object.assign(terminal.stdin, { isTTY: true }) });
    };
    beforeEach(() => {
      fake.answers.apply = ({ changedVolumes }) => (changedVolumes === 'ask' ? { volumeQuestions: [question] } : {});
    });

    it('asks on a terminal', async () => {
      io = onTerminal('y\n');
      const { stderr } = await up('-d');
      assert.match(stderr, /Volume p_data is not as the file says \(labels\.a: "1" -> "2"\)\..*lost \[yN\]/);
      assert.deepEqual(wishes(), [
        ['ask', []],
        ['keep', ['p_data']],
      ]);
    });

    for (const answer of ['\n', 'no\n', '']) {
      it(`keeps it after ${JSON.stringify(answer)}`, async () => {
        io = onTerminal(answer);
        assert.equal((await up('-d')).code, 0);
        assert.deepEqual(wishes(), [
          ['ask', []],
          ['keep', []],
        ]);
      });
    }

    it('asks nobody with -y, and keeps it without a terminal', async () => {
      assert.equal((await up('-d', '-y')).code, 0);
      assert.equal((await up('-d')).code, 0);
      assert.deepEqual(wishes(), [
        ['recreate', []],
        ['keep', []],
      ]);
    });

    it('asks for create as well', async () => {
      io = onTerminal('yes\n');
      assert.equal((await runCommand(['-f', path, 'create'], io)).code, 0);
      assert.deepEqual(wishes(), [
        ['ask', []],
        ['keep', ['p_data']],
      ]);
    });
  });

  it('names orphans once, unless COMPOSE_IGNORE_ORPHANS', async () => {
    fake.answers.apply = () => ({ steps: [], taskIds: [], orphans: ['p-old-1'], warnings: ['careful'] });
    const { stderr } = await up('-d');
    assert.match(
      stderr,
      /^warning: careful\nwarning: found orphan containers \(p-old-1\).*--remove-orphans removes them\n$/,
    );
    const quiet = new TestIo({ env: { ...fake.env, COMPOSE_IGNORE_ORPHANS: 'true' } });
    assert.doesNotMatch((await runCommand(['-f', path, 'up', '-d'], quiet)).stderr, /orphan/);
  });

  it('ends with 1 and the reason when a dependency fails', async () => {
    const outcome = up('-d');
    await untilSaid(/Creating/);
    const message = 'dependency failed to start: container p-db-1 exited (1)';
    fake.put(
      { ...db, status: exitedStatus(1) },
      { ...web, desired: 'ready', gate: { next: 'running', run: 1, message, failed: true } },
    );
    const { code, stderr } = await outcome;
    assert.equal(code, 1);
    assert.match(stderr, /error: dependency failed to start: container p-db-1 exited \(1\)\n/);
  });

  it('ends with 1, the reason and the hint when an image is missing', async () => {
    const outcome = up('-d');
    await untilSaid(/Creating/);
    const error = { code: 'not-found', message: 'pull image a: no such image', hint: 'check the name' };
    fake.put({ ...web, status: taskStatus({ state: 'rejected', container: null, error }) });
    const { code, stderr } = await outcome;
    assert.equal(code, 1);
    assert.match(stderr, /error: container p-web-1: pull image a: no such image\nhint: check the name\n$/);
  });

  it('--wait waits for health, and ends with 1 when the time is over', async () => {
    const health = (state: 'starting' | 'healthy'): TaskObject['status'] =>
      taskStatus({ container: containerStatus({ health: { state, failingStreak: 0, lastOutput: '' } }) });
    const outcome = up('--wait');
    await untilSaid(/Creating/);
    fake.put(running(db), { ...web, status: health('starting') });
    await untilSaid(/Waiting/);
    fake.put({ ...web, status: health('healthy') });
    const { code, stderr } = await outcome;
    assert.equal(code, 0);
    assert.match(stderr, /Container p-web-1 Healthy\n$/);
    fake.answers.apply = () => {
      fake.put({ ...web, status: health('starting') });
      return { steps: [], taskIds: [web.id], orphans: [], warnings: [] };
    };
    const late = await up('--wait', '--wait-timeout', '1');
    assert.equal(late.code, 1);
    assert.match(late.stderr, /error: application not healthy after 1s\n/);
  });

  it('--dry-run shows the plan and asks for nothing else', async () => {
    const { code, stderr } = await runCommand(['--dry-run', '-f', path, 'up'], io);
    assert.equal(code, 0);
    assert.match(stderr, /^DRY-RUN MODE - Network p_default Created\nDRY-RUN MODE - Container p-web-1 Created\n/);
    assert.equal((fake.requestsOf('apply')[0] as ApplyStackRequest).dryRun, true);
  });

  describe('attached', () => {
    const log = (text: string, stream = 'stdout'): Buffer =>
      Buffer.from(`2026-11-21T04:00:00.000000000Z ${stream} F ${text}\n`);
    let ends: Record<string, () => void>;

    beforeEach(() => {
      ends = {};
      fake.answers.open = async ({ taskId }, stream) => {
        await stream.write({ content: 'stdout', stdout: log(`hello of ${taskId}`) });
        if (taskId === db.id) await stream.write({ content: 'stdout', stdout: log('an error', 'stderr') });
        await new Promise<void>((resolve) => (ends[taskId] = resolve));
        return 0;
      };
      // What is stopped ends, and its log with it.
      fake.answers.act = ({ action, taskIds }) => {
        assert.equal(action, 'stop');
        for (const task of [web, db].filter(({ id }) => taskIds.includes(id))) exit(task, 143, 'stopped');
        return taskIds;
      };
    });

    function exit(task: TaskObject, code: number, desired: TaskObject['desired'] = 'running'): void {
      fake.put({ ...task, desired, status: exitedStatus(code, new Date().toISOString()) });
      ends[task.id]?.();
    }

    async function attached(...args: readonly string[]): Promise<Promise<CommandOutcome>[]> {
      const outcome = up(...args);
      await untilSaid(/Creating/);
      fake.put(running(web), running(db));
      await untilSaid(/hello of p-web-1/, 'stdout');
      // Of dependencies that were not named nothing is shown.
      if (!args.includes('web')) await untilSaid(/hello of p-db-1/, 'stdout');
      return [outcome];
    }

    it('shows the output of each container and ends when all have ended', async () => {
      const [outcome] = await attached();
      exit(db, 0);
      exit(web, 3);
      const { code, stdout, stderr } = (await outcome) ?? assert.fail();
      assert.equal(code, 0);
      assert.deepEqual(stdout.trimEnd().split('\n').toSorted(), [
        'db-1   | hello of p-db-1',
        'db-1 exited with code 0',
        'web-1  | hello of p-web-1',
        'web-1 exited with code 3',
      ]);
      assert.match(stderr, /^db-1 {3}\| an error$/m);
    });

    it('--exit-code-from ends everything with the first, and with the code of the service', async () => {
      const [outcome] = await attached('--exit-code-from=web');
      exit(db, 1);
      assert.equal((await outcome)?.code, 143);
      assert.equal((fake.requestsOf('act')[0] as ActOnTasksRequest).action, 'stop');
    });

    it('--abort-on-container-failure goes on after a good end', async () => {
      const [outcome] = await attached('--abort-on-container-failure');
      exit(db, 0);
      await untilSaid(/db-1 exited with code 0/, 'stdout');
      assert.equal(fake.requestsOf('act').length, 0);
      exit(web, 111);
      assert.equal((await outcome)?.code, 111);
    });

    it('the first Ctrl-C stops what the command is about, with 130 at the end', async () => {
      const [outcome] = await attached('-t', '7', 'web');
      io.send('SIGINT');
      const { code, stderr } = (await outcome) ?? assert.fail();
      assert.equal(code, 130);
      assert.match(stderr, /Gracefully Stopping\.\.\. press Ctrl\+C again to force/);
      assert.match(stderr, /Container p-web-1 Stopped/);
      const [request] = fake.requestsOf('act') as ActOnTasksRequest[];
      assert.deepEqual([request?.taskIds, request?.stopGraceMs], [[web.id], 7000]);
    });

    it('the second Ctrl-C leaves no grace', async () => {
      const [outcome] = await attached();
      const stopAll = fake.answers.act;
      fake.answers.act = ({ taskIds }) => taskIds; // nobody stops
      io.send('SIGINT');
      await untilSaid(/Gracefully/);
      while (fake.requestsOf('act').length < 1) await new Promise((resolve) => setImmediate(resolve));
      fake.answers.act = stopAll;
      io.send('SIGINT');
      assert.equal((await outcome)?.code, 130);
      const requests = fake.requestsOf('act') as ActOnTasksRequest[];
      assert.deepEqual(
        requests.map(({ stopGraceMs }) => stopGraceMs),
        [null, 0],
      );
    });

    it('Ctrl-C on the way up stops what this command has made', async () => {
      const outcome = up();
      await untilSaid(/Creating/);
      io.send('SIGINT');
      assert.equal((await outcome).code, 130);
      const [request] = fake.requestsOf('act') as ActOnTasksRequest[];
      assert.deepEqual(request?.taskIds.toSorted(), [db.id, web.id]);
    });
  });
});
