import assert from 'node:assert/strict';
import { ContainerStateError } from '../../../../../agents/host/errors.ts';
import { ShimConnectionError } from '../../../../../agents/host/native/shim-socket.ts';
import { askShim } from '../../../../../agents/host/streams/unless-ended.ts';
import type { TaskWorker } from '../../../../../agents/host/tasks/task-worker.ts';

describe('a question to a shim that has gone', () => {
  const broken = new ShimConnectionError('the connection broke');
  const ask = (hasEnded: boolean): Promise<never> => {
    const container = { connection: async () => ({}), takeInEnd: () => hasEnded };
    const worker = { task: { containerName: 'web-1' }, container } as unknown as TaskWorker;
    return askShim(worker, () => Promise.reject(broken));
  };

  it('is one to a container that is not in the right state, when that has ended', async () => {
    await assert.rejects(ask(true), new ContainerStateError('web-1', 'has just ended'));
  });

  it('stays a failure when it was killed, or does not answer', async () => {
    await assert.rejects(ask(false), broken);
  });
});
