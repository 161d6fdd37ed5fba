import assert from 'node:assert/strict';
import { LogPosition } from '../../../src/cli/streams/log-position.ts';

/** Records of these times, each with its own text. */
function records(...items: readonly (readonly [second: number, text: string])[]): Buffer {
  const lines = items.map(([second, text]) => `2026-01-01T00:00:0${second}.000000000Z stdout F ${text}\n`);
  return Buffer.from(lines.join(''));
}

describe('the position in a log', () => {
  it('goes on behind the last record, though others have its time', () => {
    const position = new LogPosition();
    assert.equal(position.time, null);
    for (const frame of [records([1, 'a'], [2, 'b'], [2, 'c']), records([2, 'd'])]) {
      assert.deepEqual(position.advance(frame), frame);
    }
    assert.equal(position.time, '2026-01-01T00:00:02.000000000Z');
    position.resume();
    // Asked for from that time on, everything of it comes once more, in whatever pieces.
    assert.equal(position.advance(records([2, 'b'], [2, 'c'])).length, 0);
    assert.deepEqual(position.advance(records([2, 'd'], [2, 'e'], [3, 'f'])), records([2, 'e'], [3, 'f']));
    position.resume();
    assert.deepEqual(position.advance(records([3, 'f'], [4, 'g'])), records([4, 'g']));
  });

  it('passes nothing over that is not what was there', () => {
    const position = new LogPosition();
    position.advance(records([1, 'a'], [1, 'b']));
    position.resume();
    // The file with the first ones is gone.
    assert.deepEqual(position.advance(records([2, 'c'])), records([2, 'c']));
    assert.deepEqual(position.advance(records([2, 'd'])), records([2, 'd']));
  });

  it('counts again after a second break', () => {
    const position = new LogPosition();
    position.advance(records([1, 'a'], [1, 'b']));
    position.resume();
    position.advance(records([1, 'a']));
    position.resume();
    assert.deepEqual(position.advance(records([1, 'a'], [1, 'b'], [1, 'c'])), records([1, 'c']));
  });
});
