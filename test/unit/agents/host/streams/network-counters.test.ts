import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNetworkCounters } from '../../../../../agents/host/streams/network-counters.ts';

const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  111111     300    0    0    0     0          0         0   111111     300    0    0    0     0       0          0
  eth0: 1500000    1200    0    0    0     0          0         0    20000     900    0    0    0     0       0          0
  eth1:12345678901    7    0    0    0     0          0         0       99       1    0    0    0     0       0          0
`;

describe('what a container has received and sent', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'tsstack-proc-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  it('is that of all its interfaces but loopback', () => {
    mkdirSync(join(root, '7/net'), { recursive: true });
    writeFileSync(join(root, '7/net/dev'), dev);
    assert.deepEqual(readNetworkCounters(7, root), { networkReceivedBytes: 12347178901, networkSentBytes: 20099 });
  });

  it('is nothing when it has just ended', () => {
    assert.deepEqual(readNetworkCounters(8, root), { networkReceivedBytes: 0, networkSentBytes: 0 });
  });
});
