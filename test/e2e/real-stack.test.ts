import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { realImages } from '../fixtures/images.ts';
import { startRegistry, type Registry } from '../fixtures/registry.ts';
import { TestHost, until, untilGone } from '../support/test-host.ts';

interface Visits {
  readonly redis: number;
  readonly postgres: number;
  readonly address: string;
}

const port = 18081;

async function request(method: 'GET' | 'POST'): Promise<Visits> {
  const response = await fetch(`http://127.0.0.1:${port}/visits`, { method, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as Visits;
}

/** For the moments in which a service is being restarted: asks again until there is an answer. */
async function eventually(method: 'GET' | 'POST'): Promise<Visits> {
  const answer = await until(
    () => request(method).catch((error: unknown) => error as Error),
    (found) => !(found instanceof Error),
  );
  return answer as Visits;
}

describe('a stack of five real services, pulled from a registry', function () {
  this.timeout(600_000);
  const host = new TestHost();
  let registry: Registry;
  let args: readonly string[] = [];
  let env: Record<string, string> = {};

  const compose = (...rest: readonly string[]): ReturnType<TestHost['ok']> =>
    host.ok([...args, ...rest], { env, timeoutMs: 180_000 });
  const pids = async (): Promise<readonly (readonly [string, number])[]> => {
    const { stdout } = await compose('ps', '-q');
    return stdout
      .split('\n')
      .filter((id) => id !== '')
      .map((id) => [id, host.shimState(id).pid] as const);
  };

  before(async () => {
    registry = await startRegistry();
    for (const image of await realImages()) await registry.push(image);
    cpSync(join(import.meta.dirname, '../fixtures/stacks/shop'), join(host.directory, 'shop'), { recursive: true });
    args = ['-f', join(host.directory, 'shop/stack.yml')];
    env = { REGISTRY: registry.host, PORT: String(port), SHOP_DB_PASSWORD: 'correct horse' };
  });
  after(async () => {
    await compose('down', '-v', '-t', '1');
    await host.stop();
    await registry.stop();
  });

  it('comes up with up -d --wait', async () => {
    await compose('up', '-d', '--wait');
  });

  it('serves a request through nginx that reads and writes both stores', async () => {
    assert.deepEqual(await request('POST'), { redis: 1, postgres: 1, address: (await request('GET')).address });
  });

  it('survives kill -9 of the daemon: requests go on, no process changes', async () => {
    const before = await pids();
    await host.killDaemon();
    assert.equal((await request('POST')).postgres, 2);
    assert.deepEqual(await pids(), before);
  });

  it('survives kill -9 of the process of each container', async () => {
    for (const [id, pid] of await pids()) {
      process.kill(pid, 'SIGKILL');
      await untilGone(pid);
      await until(
        () => Promise.resolve(host.shimState(id)),
        (state) => state.phase === 'running' && state.pid !== pid,
      );
      const visits = await eventually('GET');
      assert.deepEqual([visits.redis, visits.postgres], [2, 2]);
    }
  });

  it('keeps the password out of inspect output, arguments and the daemon log', async () => {
    const { stdout } = await compose('config', '--format', 'json');
    assert.doesNotMatch(stdout, /correct horse/);
    assert.doesNotMatch(host.daemonLog(), /correct horse/);
  });

  it('keeps its data over down and up', async () => {
    await compose('down');
    await compose('up', '-d', '--wait');
    const visits = await eventually('GET');
    assert.deepEqual([visits.redis, visits.postgres], [2, 2]);
  });

  it('loses its data with down -v', async () => {
    await compose('down', '-v');
    await compose('up', '-d', '--wait');
    const visits = await eventually('POST');
    assert.deepEqual([visits.redis, visits.postgres], [1, 1]);
  });
});
