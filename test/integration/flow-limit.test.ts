import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { refusedConnections } from '../../agents/host/networks/net-log.ts';
import { NetProcess } from '../../agents/host/networks/net-process.ts';
import { nativeProgram } from '../support/native-build.ts';

const program = nativeProgram('net');

describe('a host without room for more connections', () => {
  let directory = '';
  let said: string[] = [];
  let net: NetProcess;
  let heard = Promise.withResolvers<void>();

  /** As the launcher does. */
  async function start([file = '', ...args]: readonly string[], logPath: string): Promise<void> {
    const log = openSync(logPath, 'a');
    const env = { ...process.env, TSSTACK_READY_FD: '3', TSSTACK_KERNEL_LOG: join(directory, 'kernel') };
    const child = spawn(file, args, { env, stdio: ['ignore', log, log, 'pipe'] });
    const ready = child.stdio[3];
    assert.ok(ready);
    await once(ready, 'data');
  }

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-limit-'));
    execFileSync('mkfifo', [join(directory, 'kernel')]);
    said = [];
    heard = Promise.withResolvers();
    net = new NetProcess({
      program,
      socketPath: join(directory, 'net.sock'),
      stateDirectory: join(directory, 'state'),
      logPath: join(directory, 'net.log'),
      spawn: start,
      onReturn: () => undefined,
      log: (message) => {
        said.push(message);
        heard.resolve();
      },
    });
    await net.request({ op: 'ping' });
  });
  afterEach(async () => {
    await net.shutDown();
    rmSync(directory, { recursive: true });
  });

  it('says so in the log of the daemon, with the sysctl that allows more', async () => {
    writeFileSync(join(directory, 'kernel'), '4,1,1,-;nf_conntrack: nf_conntrack: table full, dropping packet\n');
    await heard.promise;
    assert.equal(said.length, 1);
    assert.ok(said[0]?.startsWith(refusedConnections));
    assert.match(said[0] ?? '', /^tsstack-net: the kernel refuses new connections of another network namespace:/);
    assert.match(said[0] ?? '', /net\.netfilter\.nf_conntrack_max allows \(\d+\); raise that on this host$/);
  });

  it('does not take other messages of the kernel for that', async () => {
    writeFileSync(join(directory, 'kernel'), '4,1,1,-;nf_conntrack: default automatic helper assignment\n');
    await net.shutDown();
    assert.equal(readFileSync(join(directory, 'net.log'), 'utf8'), '');
  });
});
