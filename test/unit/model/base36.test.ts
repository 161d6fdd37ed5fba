import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fromBase36, toBase36 } from '../../../src/model/base36.ts';

describe('base 36', () => {
  it('has a fixed number of digits and comes back as the same bytes', () => {
    for (const bytes of [
      randomBytes(32),
      Buffer.alloc(32),
      Buffer.alloc(32, 0xff),
      Buffer.from('00ff'.repeat(16), 'hex'),
    ]) {
      const text = toBase36(bytes, 50);
      assert.match(text, /^[0-9a-z]{50}$/);
      assert.deepEqual(fromBase36(text, 32), bytes);
    }
  });

  it('drops what is more than the bytes hold', () => {
    assert.equal(fromBase36('z'.repeat(50), 32).length, 32);
  });
});
