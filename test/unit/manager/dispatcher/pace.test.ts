import assert from 'node:assert/strict';
import { Pace } from '../../../../src/manager/dispatcher/pace.ts';

/** When changes of these times are told. */
function tellTimes(changes: readonly number[]): readonly number[] {
  const pace = new Pace();
  const told: number[] = [];
  let due: number | null = null;
  const tellUntil = (now: number): void => {
    if (due === null || due > now) return;
    told.push(due);
    pace.told(due);
    due = null;
  };
  for (const now of changes) {
    tellUntil(now);
    due ??= now + pace.waitMs(now);
    tellUntil(now);
  }
  tellUntil(Infinity);
  return told;
}

describe('the pace of what changes again and again', () => {
  it('tells a lone change at once, however often that happens', () => {
    assert.deepEqual(tellTimes([0, 1000, 2000]), [0, 1000, 2000]);
  });

  it('tells changes that follow each other ever more together, and the last one too', () => {
    const everyTenMs = Array.from({ length: 101 }, (_, index) => index * 10);
    assert.deepEqual(tellTimes(everyTenMs), [0, 20, 60, 140, 300, 500, 700, 900, 1100]);
  });

  it('is quick again after a quiet time', () => {
    assert.deepEqual(tellTimes([0, 10, 20, 30, 1000, 1001]), [0, 20, 60, 1000, 1020]);
  });
});
