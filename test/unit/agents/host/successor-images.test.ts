import assert from 'node:assert/strict';
import { SuccessorImages } from '../../../../agents/host/tasks/successor-images.ts';
import type { LocalImage } from '../../../../agents/host/tasks/task-host.ts';
import type { SuccessorNeeds } from '../../../../src/model/objects.ts';

const image: LocalImage = { id: 'sha256:0', defaults: {} as LocalImage['defaults'], layers: [] };
const needs: SuccessorNeeds = { update: '1', askedAt: '', images: ['app:2', 'data:2'], pullPolicy: 'missing' };

/** A pull that ends when the test says so. */
interface Pull {
  readonly reference: string;
  readonly signal: AbortSignal;
  readonly onProgress: ((text: string) => void) | undefined;
  readonly done: PromiseWithResolvers<LocalImage>;
}

describe('the images of a container that is to come', () => {
  let pulls: Pull[];
  let told: string[];
  let successor: SuccessorImages;
  beforeEach(() => {
    pulls = [];
    told = [];
    successor = new SuccessorImages({
      images: {
        ensure: (reference, _policy, signal, onProgress) => {
          const done = Promise.withResolvers<LocalImage>();
          pulls.push({ reference, signal, onProgress, done });
          return done.promise;
        },
      },
      known: null,
      onChange: () => told.push(`${successor.status?.state ?? 'nothing'} ${successor.status?.message ?? ''}`.trim()),
    });
  });
  const end = async (index: number, failure?: Error): Promise<void> => {
    const { done } = pulls[index] ?? assert.fail('nothing is pulled');
    if (failure === undefined) done.resolve(image);
    else done.reject(failure);
    await new Promise(setImmediate);
  };

  it('are had one after the other, and it is told how far they are', async () => {
    successor.follow(needs);
    successor.follow({ ...needs });
    pulls[0]?.onProgress?.('1 of 2 MB');
    await end(0);
    await end(1);
    assert.deepEqual(
      pulls.map(({ reference }) => reference),
      ['app:2', 'data:2'],
    );
    assert.deepEqual(told, ['preparing', 'preparing 1 of 2 MB', 'ready']);
  });

  it('are given up with the update that needs them', async () => {
    successor.follow(needs);
    successor.follow({ ...needs, update: '2', images: ['app:3'] });
    assert.equal(pulls[0]?.signal.aborted, true);
    await end(0, new Error('aborted'));
    await end(1, new Error('no such image'));
    successor.follow(null);
    assert.deepEqual(told, ['preparing', 'preparing', 'failed no such image', 'nothing']);
  });
});
