import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { directionOf, parseCopyArgument } from '../../../../src/cli/files/copy-argument.ts';

describe('an argument of cp', () => {
  it('is a path in a container, a path of this host, or a stream', () => {
    assert.deepEqual(parseCopyArgument('web:/etc/hosts'), { kind: 'container', service: 'web', path: '/etc/hosts' });
    assert.deepEqual(parseCopyArgument('web:a:b'), { kind: 'container', service: 'web', path: 'a:b' });
    assert.deepEqual(parseCopyArgument('-'), { kind: 'stream' });
    for (const path of ['file', './web:file', '../a:b', '/srv/a:b', ':file', './-'])
      assert.deepEqual(parseCopyArgument(path), { kind: 'host', path });
  });

  it('has to name a path', () => {
    assert.throws(() => parseCopyArgument('web:'), { message: /web: names no path/, hint: 'write web:/PATH' });
    assert.throws(() => parseCopyArgument(''), { message: /a path is empty/ });
  });

  it('is in a container at exactly one end', () => {
    const [inside, outside] = [parseCopyArgument('web:/a'), parseCopyArgument('b')];
    assert.deepEqual(directionOf(inside, outside), { to: 'host', service: 'web', path: '/a', into: outside });
    assert.deepEqual(directionOf(outside, inside), { to: 'container', service: 'web', path: '/a', from: outside });
    assert.throws(() => directionOf(inside, inside), { message: /both ends are in containers/ });
    assert.throws(() => directionOf(outside, outside), { message: /neither end is in a container/ });
  });
});
