import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { socketPath } from '../../../src/model/socket-path.ts';

describe('the address of a daemon', () => {
  it('is a socket, however that is written', () => {
    for (const address of ['unix:///run/x.sock', 'unix:/run/x.sock', '/run/x.sock'])
      assert.equal(socketPath(address), '/run/x.sock');
  });

  it('is nothing that others than those whom the file permits can reach', () => {
    for (const address of ['127.0.0.1:2375', 'tcp://10.0.0.1:2375', 'host', 'unix:x', ''])
      assert.throws(() => socketPath(address), { code: 'invalid', hint: /unix:\/\/\/PATH.*ssh HOST tsstack/ }, address);
  });
});
