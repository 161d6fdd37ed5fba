import assert from 'node:assert/strict';
import { LogMultiplexer } from '../../../src/cli/output/log-multiplexer.ts';
import { LogFollower } from '../../../src/cli/streams/log-follower.ts';
import type { ContainerStatus, EndedRun, TaskObject } from '../../../src/model/objects.ts';
import type { ControlClient } from '../../../src/rpc/service-types.ts';
import { containerStatus, taskObject, taskStatus } from '../../fixtures/objects.ts';
import { TestIo } from '../../support/command-io.ts';

/** A run that ended in that second of a minute. */
function ended(second: number, exitCode: number): EndedRun {
  const at = `2026-01-01T00:00:0${second}.000000000Z`;
  return { startedAt: at, finishedAt: at, exitCode, signal: null, oomKilled: false };
}

describe('what is said of the ends of containers', () => {
  let io: TestIo;
  let follower: LogFollower;

  beforeEach(() => {
    io = new TestIo();
    follower = new LogFollower({
      // There is no output here to be read.
      recovery: { control: {} as ControlClient, recover: async () => false, noteBack: () => undefined },
      multiplexer: new LogMultiplexer(io, { prefix: true, colours: false, timestamps: false, splitStreams: true }),
      queryOf: () => ({ tail: null, since: null, until: null }),
      notesExitsSince: '2026-01-01T00:00:03.000Z',
      onProblem: () => undefined,
    });
  });

  const web = (container: Partial<ContainerStatus>): TaskObject =>
    taskObject('web', { status: taskStatus({ container: containerStatus(container) }) });
  async function said(): Promise<readonly string[]> {
    await follower.settled();
    return io.stdout.text.split('\n').slice(0, -1);
  }

  it('is each restart with its code, also where nothing was heard between them', async () => {
    follower.consider(web({}));
    follower.consider(web({ restartCount: 2, runs: [ended(4, 1), ended(5, 2)] }));
    follower.consider(web({ restartCount: 2, phase: 'restarting', runs: [ended(4, 1), ended(5, 2), ended(6, 3)] }));
    follower.consider(web({ restartCount: 3, runs: [ended(4, 1), ended(5, 2), ended(6, 3)] }));
    assert.deepEqual(
      await said(),
      [1, 2, 3].map((code) => `web-1 exited with code ${code} (restarting)`),
    );
  });

  it('is no restart for the last of them', async () => {
    const runs = [ended(4, 1), ended(5, 2)];
    const container = containerStatus({
      phase: 'exited',
      restartCount: 1,
      runs,
      exitCode: 2,
      finishedAt: runs[1]?.finishedAt ?? null,
    });
    follower.consider(taskObject('web', { status: taskStatus({ state: 'failed', container }) }));
    assert.deepEqual(await said(), ['web-1 exited with code 1 (restarting)', 'web-1 exited with code 2']);
  });

  it('is nothing of what was before anybody looked', async () => {
    follower.consider(web({ restartCount: 2, runs: [ended(1, 1), ended(2, 2)] }));
    follower.consider(web({ restartCount: 3, runs: [ended(1, 1), ended(2, 2), ended(4, 3)] }));
    assert.deepEqual(await said(), ['web-1 exited with code 3 (restarting)']);
  });

  it('has no code where the shim went with the run', async () => {
    follower.consider(web({}));
    follower.consider(web({ restartCount: 1 }));
    assert.deepEqual(await said(), ['web-1 exited (restarting)']);
  });
});
