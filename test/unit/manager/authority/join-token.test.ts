import assert from 'node:assert/strict';
import { createAuthority } from '../../../../src/manager/authority/certificates.ts';
import {
  authorityDigest,
  formatToken,
  isSameSecret,
  newSecret,
  parseToken,
} from '../../../../src/manager/authority/join-token.ts';

describe('a join token', () => {
  it('names its authority and carries a secret, and comes back from its text', async () => {
    const { certificate } = await createAuthority('c1', new Date());
    const token = { authority: authorityDigest(certificate), secret: newSecret() };
    const text = formatToken(token);
    assert.match(text, /^TSTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/);
    assert.deepEqual(parseToken(` ${text}\n`), token);
  });

  it('differs with the authority and with every new secret', async () => {
    const digests = await Promise.all(
      [1, 2].map(async () => authorityDigest((await createAuthority('c1', new Date())).certificate)),
    );
    assert.notEqual(digests[0], digests[1]);
    assert.equal(isSameSecret(newSecret(), newSecret()), false);
    assert.equal(isSameSecret('abc', 'abc'), true);
  });

  it('that is cut, or something else, is refused without being repeated', () => {
    const whole = `TSTKN-1-${'a'.repeat(50)}-${'b'.repeat(25)}`;
    for (const text of [
      '',
      'hunter2',
      whole.slice(0, -1),
      `${whole}c`,
      whole.toUpperCase(),
      whole.replace('-1-', '-2-'),
    ]) {
      assert.throws(
        () => parseToken(text),
        (error: Error) => /the token is none/.test(error.message) && (text === '' || !error.message.includes(text)),
      );
    }
  });
});
