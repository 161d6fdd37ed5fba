import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { TsstackError } from '../../../../src/model/errors.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import { HostAnswers } from '../../../../src/cli/nodes/host-answers.ts';
import { runCommand, TestIo, type CommandOutcome } from '../../../support/command-io.ts';
import { FakeControl } from '../../../support/fake-control.ts';
import { nodeObject, stackObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';

const since = '2026-01-01T00:05:00.000Z';
const here = nodeObject();
const lost = nodeObject({ id: 'n2', hostname: 'far', state: 'down', stateSince: since });
const onLost = /^warning: node far is down since 2026-01-01T00:05:00\.000Z: its containers are left out$/m;

describe('commands while a host is away', () => {
  let fake: FakeControl;
  const near = taskObject('web');
  const far = taskObject('web', { slot: 2, nodeId: 'n2' });

  beforeEach(async () => {
    fake = await new FakeControl().start();
    fake.put(here, lost, stackObject(), near, far);
  });
  afterEach(() => fake.stop());

  function run(...argv: readonly string[]): Promise<CommandOutcome> {
    return runCommand(['-p', 'p', ...argv], new TestIo({ env: fake.env, cwd: fake.directory }));
  }

  /** What each host says of processes. */
  function answerTop(): void {
    fake.answers.open = async (open, stream) => {
      if (open.taskId === far.id) throw new TsstackError('unavailable', 'the connection to node far is lost');
      const document = JSON.stringify({ titles: ['PID', 'CMD'], processes: [['7', 'httpd']] });
      await stream.write({ content: 'document', document });
      return 0;
    };
  }

  it('top shows the others, and names the host in one line', async () => {
    answerTop();
    const { code, stdout, stderr } = await run('top');
    assert.equal(code, 0);
    assert.match(stdout, /web +1 +7 +httpd/);
    assert.match(stderr, onLost);
  });

  it('a host that is lost while it is asked spoils nothing, either', async () => {
    answerTop();
    fake.put({ ...lost, state: 'ready' });
    const { code, stdout, stderr } = await run('top');
    assert.equal(code, 0);
    assert.match(stdout, /httpd/);
    assert.match(stderr, /^warning: node far does not answer since \S+Z \(the connection to node far is lost\): its/m);
  });

  it('is a failure when no host answers', async () => {
    fake.put({ ...near, nodeId: 'n2' });
    const { code, stderr } = await run('top');
    assert.equal(code, 1);
    assert.equal(stderr.match(new RegExp(onLost, 'gm'))?.length, 1);
  });

  it('logs shows the others', async () => {
    fake.answers.open = async (_open, stream) => {
      await stream.write({ content: 'stdout', stdout: Buffer.from('2026-01-01T00:00:01.000000000Z stdout F hello\n') });
      return 0;
    };
    const { code, stdout, stderr } = await run('logs');
    assert.deepEqual([code, stdout], [0, 'web-1  | hello\n']);
    assert.match(stderr, onLost);
  });

  /** The daemon takes note of what is asked; the node that is there does it. */
  function act(change: (task: TaskObject) => TaskObject): void {
    fake.answers.act = () => (fake.put(change(near)), [near.id, far.id]);
  }

  it('stop does what can be done, and says what waits for whom', async () => {
    act((task) => ({ ...task, desired: 'stopped', status: taskStatus({ state: 'shutdown' }) }));
    const { code, stderr } = await run('stop');
    assert.equal(code, 0);
    assert.match(stderr, /Container p-web-1 Stopped/);
    assert.match(stderr, /Container p-web-2 Lost node far is down since 2026-01-01T00:05:00.000Z: it stops when it is/);
  });

  it('restart ends, also where containers wait behind one that is lost', async () => {
    const gate = { next: 'running', message: 'waits for p-web-2 to be healthy', failed: false, run: 2 } as const;
    fake.put({ ...far, desiredRun: 2 });
    act((task) => ({ ...task, desiredRun: 2, gate }));
    const { code, stderr } = await run('restart');
    assert.equal(code, 0);
    assert.match(stderr, /Container p-web-1 Waiting waits for p-web-2 to be healthy/);
    assert.match(stderr, /Container p-web-2 Lost .*: it starts when it is back/);
  });

  it('what stands in for a lost container and finds no place is lost, too', async () => {
    const next = taskObject('web', { id: 'next', slot: 2, nodeId: null, desired: 'ready' });
    const status = taskStatus({
      state: 'pending',
      container: null,
      message: 'no suitable node: of 2, 1 not ready (down)',
    });
    fake.put({ ...far, desired: 'remove' }, { ...next, status });
    fake.answers.act = () => [next.id];
    const { code, stderr } = await run('restart', 'web');
    assert.equal(code, 0);
    assert.match(stderr, /Container p-web-2 Lost node far is down/);
  });

  it('a host that says nothing at all is given up after a while', async () => {
    const io = new TestIo();
    const answers = new HostAnswers({
      io,
      nodes: new Map([here, { ...lost, state: 'ready' as const }].map((node) => [node.id, node])),
      patienceMs: 20,
    });
    const never = async function* (signal: AbortSignal): AsyncGenerator<string> {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))));
      yield 'never';
    };
    for await (const item of answers.of(far, never)) assert.fail(item);
    assert.match(io.stderr.text, /^warning: node far has not answered since \S+Z: its containers are left out\n$/);
    assert.equal(answers.exitCode, 1);
  });
});
