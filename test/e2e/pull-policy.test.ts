import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { startRegistry, type Registry } from '../fixtures/registry.ts';
import { FakeRegistry, forward } from '../support/fake-registry.ts';
import { TestHost } from '../support/test-host.ts';

const hourMs = 3_600_000;

describe('an image with a time window', () => {
  const host = new TestHost();
  let registry: Registry;
  let proxy: FakeRegistry;
  let image = '';

  before(async () => {
    registry = await startRegistry();
    const reference = await registry.push(await busyboxImage());
    const [address = '', ...rest] = reference.split('/');
    proxy = await FakeRegistry.start((incoming, response) => forward(address, incoming, response));
    image = [proxy.host, ...rest].join('/');
  });
  after(async () => {
    await host.stop();
    await proxy.stop();
    await registry.stop();
  });

  const stackOf = (name: string, policy: string): string =>
    host.write(
      `${name}.yml`,
      `name: ${name}\nservices: {a: {image: "${image}", command: sleep 1000, init: true, ${policy}}}\n`,
    );

  /** How often the registry is asked for the manifest during an `up`. */
  async function asksOf(file: string): Promise<number> {
    const before = proxy.requests.length;
    await host.ok(['-f', file, 'up', '-d']);
    return proxy.requests.slice(before).filter(({ line }) => line.includes('/manifests/')).length;
  }

  /** As if everything on the host had been pulled so long ago. */
  async function age(ms: number): Promise<void> {
    await host.killDaemon();
    const path = join(host.dataRoot, 'images.json');
    const index = JSON.parse(readFileSync(path, 'utf8')) as { images: { namedAt: Record<string, number> }[] };
    for (const { namedAt } of index.images) for (const key of Object.keys(namedAt)) namedAt[key] = Date.now() - ms;
    writeFileSync(path, JSON.stringify(index));
  }

  it('is pulled again when it is older than the policy allows', async () => {
    const windows: [string, number, number][] = [
      ['pull_policy: daily', 23, 25],
      ['pull_policy: weekly', 6 * 24, 8 * 24],
      ['pull_policy: every_1d6h', 29, 31],
      ['pull_policy: refresh, pull_refresh_after: 2h', 1, 3],
    ];
    assert.ok((await asksOf(stackOf('first', 'pull_policy: daily'))) > 0);
    for (const [index, [policy, youngHours, oldHours]] of windows.entries()) {
      const file = stackOf(`window${index}`, policy);
      await age(youngHours * hourMs);
      assert.equal(await asksOf(file), 0, `${policy} after ${youngHours} h`);
      await age(oldHours * hourMs);
      assert.ok((await asksOf(file)) > 0, `${policy} after ${oldHours} h, though the container runs`);
      assert.equal(await asksOf(file), 0, `${policy} just after it was pulled`);
    }
  });

  it('is pulled in any case by pull, and never looked at again without a window', async () => {
    const file = stackOf('explicit', 'pull_policy: missing');
    await age(1000 * hourMs);
    assert.equal(await asksOf(file), 0);
    const before = proxy.requests.length;
    await host.ok(['-f', stackOf('explicit', 'pull_policy: weekly'), 'pull']);
    assert.ok(proxy.requests.length > before);
    assert.equal(await asksOf(stackOf('explicit', 'pull_policy: weekly')), 0);
  });
});
