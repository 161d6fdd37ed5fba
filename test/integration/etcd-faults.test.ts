import assert from 'node:assert/strict';
import { ContentSeal } from '../../src/manager/authority/content-seal.ts';
import { put } from '../../src/manager/store/change.ts';
import { EtcdEndpoints } from '../../src/manager/store/etcd/endpoints.ts';
import { EtcdStore } from '../../src/manager/store/etcd/etcd-store.ts';
import { Keys } from '../../src/manager/store/etcd/keys.ts';
import { StoreWatch } from '../../src/manager/store/etcd/store-watch.ts';
import type { Store } from '../../src/manager/store/store.ts';
import { calmMs } from '../support/calm-time.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { recordCommits, untilStore } from '../support/store-events.ts';
import { unstored } from '../unit/manager/store/store-conformance.ts';

const seal = new ContentSeal(Buffer.alloc(32, 7));

describe('an etcd in trouble', () => {
  const members: EtcdProcess[] = [];
  const opened: EtcdStore[] = [];

  afterEach(async () => {
    for (const store of opened.splice(0)) store.close();
    for (const member of members.splice(0)) await member.remove();
  });

  async function start(size: number, ...args: readonly string[]): Promise<readonly EtcdProcess[]> {
    const started = await EtcdProcess.startCluster(size, ...args);
    members.push(...started);
    return started;
  }

  async function open(of: readonly EtcdProcess[], keptRevisions = 1000): Promise<EtcdStore> {
    const endpoints = of.map(({ endpoint }) => endpoint);
    const store = await EtcdStore.open({ endpoints, tls: null, prefix: 't/', seal, candidate: null, keptRevisions });
    opened.push(store);
    return store;
  }

  const write = (store: Store, service: string): Promise<void> =>
    store.update(() => ({ changes: [put(unstored(service))], result: undefined }));
  const services = (store: Store): readonly string[] =>
    store.view
      .all('task')
      .map(({ service }) => service)
      .toSorted();
  const has = (store: Store, service: string): Promise<void> =>
    untilStore(store, (view) => view.get('task', `p-${service}-1`) !== undefined);

  it('that was killed and comes back: nothing is lost, and what others wrote meanwhile is seen', async () => {
    const [etcd = assert.fail()] = await start(1);
    const [a, b] = [await open([etcd]), await open([etcd])];
    await write(a, 'one');
    await etcd.kill();
    const pending = write(a, 'two');
    await etcd.start();
    await pending;
    await has(b, 'two');
    await write(b, 'three');
    await has(a, 'three');
    assert.deepEqual(services(await open([etcd])), ['one', 'three', 'two']);
  });

  it('that does not answer for a while (SIGSTOP): writes wait, fail with what is missing, and go on when it does', async () => {
    const [etcd = assert.fail()] = await start(1);
    const a = await open([etcd]);
    etcd.freeze();
    const problem = new RegExp(
      `write the store: etcd does not answer as a whole \\(${etcd.endpoint}: no answer in time\\)`,
    );
    await assert.rejects(write(a, 'one'), { code: 'unavailable', retryable: true, message: problem });
    const pending = write(a, 'two');
    etcd.thaw();
    await pending;
    // The first may have been written or not: etcd takes what lay in its socket. Both managers see the same.
    await has(a, 'two');
    assert.deepEqual(services(await open([etcd])), services(a));
  });

  it('that lost its majority: reads say so, writes name who is missing, and it heals', async () => {
    const [first = assert.fail(), second = assert.fail(), third = assert.fail()] = await start(3);
    const a = await open([first, second, third]);
    await write(a, 'one');
    await Promise.all([second.kill(), third.kill()]);
    await assert.rejects(write(a, 'two'), (error: Error) => {
      assert.match(error.message, new RegExp(`${second.endpoint}: nobody answers; ${third.endpoint}: nobody answers`));
      return true;
    });
    assert.deepEqual(services(a), ['one']);
    assert.match(a.staleness?.reason ?? '', /etcd does not answer as a whole/);
    await Promise.all([second.start(), third.start()]);
    const b = await open([third, second, first]);
    await write(b, 'three');
    // It comes by the watch, so that one follows again.
    await has(a, 'three');
    assert.equal(a.staleness, null);
  });

  it('that lost one member of three: writes go on at the others', async () => {
    const [first = assert.fail(), second = assert.fail(), third = assert.fail()] = await start(3);
    const [a, b] = [await open([first, second, third]), await open([second, third, first])];
    for (const member of [first, second]) {
      await member.kill();
      const began = calmMs();
      await write(a, `without-${members.indexOf(member)}`);
      assert.ok(calmMs() - began < 5000, 'the write was accepted within 5 s');
      await has(b, `without-${members.indexOf(member)}`);
      await member.start();
    }
  });

  it('that has no room: the write says what to do, reads go on, and nothing is lost', async () => {
    const [etcd = assert.fail()] = await start(1, '--quota-backend-bytes', String(4 * 1024 * 1024));
    const a = await open([etcd]);
    let written = 0;
    const fill = async (): Promise<void> => {
      for (; written < 10_000; written++) {
        const big = unstored(`s${written}`, { id: `big-${written}`, containerName: 'x'.repeat(100_000) });
        await a.update(() => ({ changes: [put(big)], result: undefined }));
      }
    };
    await assert.rejects(fill(), {
      code: 'exhausted',
      message: 'write the store: etcd is full',
      hint: /quota-backend-bytes/,
    } as never);
    const { length } = (await open([etcd])).view.all('task');
    // etcd carries the write out that it finds too large only then (quotaApplierV3 of its server), and says of it, too, that it has no room.
    assert.ok(length === written || length === written + 1, `${length} of ${written}`);
    await untilStore(a, (view) => view.all('task').length === length);
  });

  it('is told to forget old states, so that it does not fill up with them', async () => {
    const [etcd = assert.fail()] = await start(1, '--quota-backend-bytes', String(40 * 1024 * 1024));
    const a = await open([etcd], 10);
    const big = unstored('web', { id: 'big', containerName: 'x'.repeat(500_000) });
    await a.update(() => ({ changes: [put(big)], result: undefined }));
    for (let round = 0; round < 200; round++) {
      await a.update((view) => ({
        changes: view.all('task').map((task) => put({ ...task, desiredRun: round })),
        result: undefined,
      }));
    }
    assert.equal((await open([etcd])).view.get('task', 'big')?.desiredRun, 199);
  });

  it('that was away and has forgotten much meanwhile: managers come to the same state, and are told each change once', async () => {
    const [etcd = assert.fail()] = await start(1);
    const [a, b] = [await open([etcd]), await open([etcd])];
    await write(a, 'one');
    await has(b, 'one');
    const seen = recordCommits(b);
    await etcd.kill();
    await etcd.start();
    // b is on its way back; whatever it missed is gone when it asks.
    const store = await open([etcd]);
    await write(store, 'two');
    await write(store, 'three');
    const { header } = JSON.parse(await etcd.control('get', 't/head', '-w', 'json')) as {
      header: { revision: number };
    };
    await etcd.control('compact', String(header.revision));
    await has(b, 'three');
    await has(a, 'three');
    assert.deepEqual(new Set(seen.flat()), new Set(['+p-two-1', '+p-three-1']));
    await write(b, 'four');
    await has(a, 'four');
  });

  for (const [what, revision] of [
    ['begins where etcd has forgotten', 1],
    ['begins later than etcd is, which was set back to an older copy', 1_000_000],
  ] as const) {
    it(`with a watch that ${what} has everything read anew, and is followed from there`, async () => {
      const [etcd = assert.fail()] = await start(1);
      const a = await open([etcd]);
      await write(a, 'one');
      const { header } = JSON.parse(await etcd.control('get', 't/head', '-w', 'json')) as {
        header: { revision: number };
      };
      await etcd.control('compact', String(header.revision));
      const endpoints = await EtcdEndpoints.open({ endpoints: [etcd.endpoint], tls: null });
      const over = new AbortController();
      const reloaded = Promise.withResolvers<void>();
      const told = Promise.withResolvers<readonly string[]>();
      const watch = new StoreWatch(endpoints, new Keys('t/'), revision, {
        onEvents: (events) => told.resolve(events.map(({ kv }) => kv?.key.toString() ?? '')),
        onLive: () => undefined,
        onBroken: () => undefined,
        reload: () => (reloaded.resolve(), Promise.resolve(header.revision)),
      });
      const running = watch.run(over.signal);
      await reloaded.promise;
      await write(a, 'two');
      assert.deepEqual((await told.promise).toSorted(), ['t/head', 't/objects/task/p-two-1']);
      over.abort();
      await running;
      endpoints.close();
    });
  }
});
