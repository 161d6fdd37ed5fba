import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';

describe('the seal of contents', () => {
  const seal = new ContentSeal(randomBytes(32));
  const content = Buffer.from('hunter2');

  it('opens what it has sealed, and seals the same content differently each time', () => {
    assert.deepEqual(seal.open(seal.seal(content, 'a'), 'a'), content);
    assert.notDeepEqual(seal.seal(content, 'a'), seal.seal(content, 'a'));
    assert.deepEqual(seal.open(seal.seal(Buffer.alloc(0), 'a'), 'a'), Buffer.alloc(0));
  });

  it('does not open for another id, with another key, or after a change', () => {
    const sealed = seal.seal(content, 'a');
    assert.throws(() => seal.open(sealed, 'b'), /sealed with another key or is damaged/);
    assert.throws(() => new ContentSeal(randomBytes(32)).open(sealed, 'a'));
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    assert.throws(() => seal.open(sealed, 'a'));
  });

  it('gives equal contents equal digests, which say nothing without the key', () => {
    assert.equal(seal.digest(content), seal.digest(Buffer.from('hunter2')));
    assert.notEqual(seal.digest(content), seal.digest(Buffer.from('hunter3')));
    assert.notEqual(seal.digest(content), new ContentSeal(randomBytes(32)).digest(content));
    assert.match(seal.digest(content), /^sha256:[0-9a-f]{64}$/);
  });
});
