import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DetachKeys, parseDetachKeys } from '../../../src/cli/streams/detach-keys.ts';

describe('detach keys', () => {
  it('are read from names', () => {
    assert.deepEqual(parseDetachKeys('ctrl-p,ctrl-q'), Buffer.from([16, 17]));
    assert.deepEqual(parseDetachKeys('ctrl-A,x'), Buffer.from([1, 120]));
    assert.deepEqual(parseDetachKeys('ctrl-['), Buffer.from([27]));
    assert.equal(parseDetachKeys(''), null);
    assert.throws(() => parseDetachKeys('hyper-x'), /invalid detach keys/);
  });

  const cases: readonly (readonly [string, readonly string[], string, boolean])[] = [
    ['the sequence in one piece', ['ab\x10\x11c'], 'ab', true],
    ['the sequence in two', ['a\x10', '\x11'], 'a', true],
    ['a beginning that is none', ['\x10x'], '\x10x', false],
    ['a beginning that begins again', ['\x10\x10\x11'], '\x10', true],
    ['nothing of it', ['abc'], 'abc', false],
  ];
  for (const [title, chunks, passed, isDetach] of cases) {
    it(title, () => {
      const keys = new DetachKeys(Buffer.from([16, 17]));
      const results = chunks.map((chunk) => keys.filter(Buffer.from(chunk)));
      assert.equal(results.map((result) => result.passed.toString()).join(''), passed);
      assert.equal(results.at(-1)?.isDetach, isDetach);
    });
  }

  it('can be none', () => {
    assert.equal(new DetachKeys(null).filter(Buffer.from('\x10\x11')).isDetach, false);
  });
});
