import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { serveLogs } from '../../../../../agents/host/streams/logs.ts';
import { toRecordTime } from '../../../../../agents/host/logs/log-time.ts';
import type { Frame } from '../../../../../src/rpc/messages.ts';
import type { StreamKinds } from '../../../../../src/rpc/stream-kinds.ts';
import { networkObject, taskObject } from '../builders.ts';
import { FakeDaemon, FakeMachine } from '../fake-host.ts';

describe('logs of a task', () => {
  let machine: FakeMachine;
  let host: FakeDaemon;
  const task = taskObject();

  beforeEach(() => {
    machine = new FakeMachine();
    host = new FakeDaemon(machine);
  });
  afterEach(async () => {
    await host.table.release();
    machine.remove();
  });

  /** As the shim does; making a real container takes some milliseconds. */
  function print(line: string, afterMs = 0): void {
    const time = toRecordTime(new Date(Date.now() + afterMs).toISOString());
    appendFileSync(machine.paths.container(task.id).log, `${time} stdout F ${line}\n`);
  }

  async function read(query: Partial<StreamKinds['logs']['arguments']>): Promise<readonly string[]> {
    const chunks: string[] = [];
    await serveLogs(host.table, {
      taskId: task.id,
      arguments: { source: 'container', run: null, follow: false, tail: null, since: null, until: null, ...query },
      frames: (async function* () {})(),
      signal: new AbortController().signal,
      write: async (frame: Frame) => void (frame.content === 'stdout' && chunks.push(frame.stdout.toString())),
      document: () => Promise.reject(new Error('logs have no document')),
    });
    return [...chunks.join('').matchAll(/stdout F (.*)\n/g)].map(([, line = '']) => line);
  }

  it('end with the run that is asked for, also when the task is in a later one by now', async () => {
    host.assign([networkObject(), task]);
    await host.untilState(task.id, 'running');
    print('of the first run');
    machine.exit(0);
    await host.untilState(task.id, 'complete');
    host.assign([taskObject({ desiredRun: 2 })]);
    await host.untilState(task.id, 'running', 2);
    print('of the second run', 5);
    assert.deepEqual(await read({ run: 1, follow: true }), ['of the first run']);
    assert.deepEqual(await read({ run: 2 }), ['of the first run', 'of the second run']);
    assert.deepEqual(await read({}), ['of the first run', 'of the second run']);
    machine.exit(0);
    assert.deepEqual(await read({ run: 2, follow: true }), ['of the first run', 'of the second run']);
  });
});
