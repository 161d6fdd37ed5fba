import assert from 'node:assert/strict';
import { formatHostPort, parseHostPort } from '../../../src/model/host-port.ts';

describe('the address of a manager', () => {
  it('is a name or an address, with or without a port', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['10.0.0.1', '10.0.0.1:2377'],
      ['10.0.0.1:7000', '10.0.0.1:7000'],
      ['fd00::1', '[fd00::1]:2377'],
      ['[fd00::1]', '[fd00::1]:2377'],
      ['[fd00::1]:7000', '[fd00::1]:7000'],
      ['host-1.example', 'host-1.example:2377'],
      ['host-1.example:1', 'host-1.example:1'],
    ];
    for (const [text, whole] of cases) {
      const parsed = parseHostPort(text);
      assert.ok(parsed !== undefined, text);
      assert.equal(formatHostPort(parsed), whole);
    }
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      ':2377',
      'a b',
      '10.0.0.1:',
      '10.0.0.1:0',
      '10.0.0.1:65536',
      '[10.0.0.1]:1',
      '[name]:1',
      'tcp://10.0.0.1:2377',
      'a/b',
    ])
      assert.equal(parseHostPort(text), undefined, text);
  });
});
