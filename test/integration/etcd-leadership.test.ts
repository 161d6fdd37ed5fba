import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { ContentSeal } from '../../src/manager/authority/content-seal.ts';
import { put } from '../../src/manager/store/change.ts';
import { EtcdEndpoints } from '../../src/manager/store/etcd/endpoints.ts';
import { EtcdStore } from '../../src/manager/store/etcd/etcd-store.ts';
import { Keys } from '../../src/manager/store/etcd/keys.ts';
import { createdAt } from '../../src/manager/store/etcd/operations.ts';
import { readSnapshot } from '../../src/manager/store/etcd/snapshot.ts';
import { EtcdState } from '../../src/manager/store/etcd/state.ts';
import { Transactions } from '../../src/manager/store/etcd/transactions.ts';
import { calmMs } from '../support/calm-time.ts';
import { EtcdProcess } from '../support/etcd-process.ts';
import { TalkingProcess } from '../support/talking-process.ts';
import { unstored } from '../unit/manager/store/store-conformance.ts';

const program = fileURLToPath(new URL('../fixtures/etcd-candidate.ts', import.meta.url));
const seal = new ContentSeal(Buffer.alloc(32, 7));

/** In seconds. Where no leader is to be lost by its silence: longer than any test, however busy the machine is. */
const longLease = 600;

/** One manager's store in a process of its own. */
function startCandidate(name: string, etcd: readonly EtcdProcess[], lease: string): TalkingProcess {
  return new TalkingProcess(name, program, [name, etcd.map(({ endpoint }) => endpoint).join(','), lease]);
}

describe('several managers on one etcd', () => {
  let members: readonly EtcdProcess[] = [];
  const candidates: TalkingProcess[] = [];

  afterEach(async () => {
    for (const candidate of candidates.splice(0)) await candidate.end('SIGKILL');
    for (const member of members) await member.remove();
    members = [];
  });

  /** A leader and one that would be. */
  async function startTwo(size = 1, leaseSeconds?: number): Promise<readonly [TalkingProcess, TalkingProcess]> {
    const lease = String(leaseSeconds ?? '');
    members = await EtcdProcess.startCluster(size);
    const first = startCandidate('first', members, lease);
    candidates.push(first);
    await first.says(/^leads$/);
    const second = startCandidate('second', members, lease);
    candidates.push(second);
    await second.says(/^ready$/);
    return [first, second];
  }

  async function readName(): Promise<string | undefined> {
    const store = await open();
    const name = store.view.get('task', 'p-web-1')?.containerName;
    store.close();
    return name;
  }

  function open(): Promise<EtcdStore> {
    const endpoints = members.map(({ endpoint }) => endpoint);
    return EtcdStore.open({ endpoints, tls: null, prefix: 't/', seal, candidate: null });
  }

  it('have one leader, and only that one may write', async () => {
    const [first, second] = await startTwo(1, longLease);
    second.tell('write');
    assert.match(await second.says(/^(written|refused)/), /refused: write the store: the manager first leads by now/);
    first.tell('write');
    await first.says(/^written$/);
    assert.equal(await readName(), 'first');
  });

  it('have no place for writes of one that stands for no election', async () => {
    await startTwo(1, longLease);
    const store = await open();
    const write = store.update(() => ({ changes: [put(unstored('x'))], result: undefined }));
    await assert.rejects(write, { code: 'unavailable', message: /the manager first leads/ });
    store.close();
  });

  it('have a new leader without waiting for the lease when the old one ends in order', async () => {
    const [first, second] = await startTwo(1, longLease);
    await first.end('SIGTERM');
    await second.says(/^leads$/);
  });

  it('have a new leader at once when the old one hands over, which may lead again when that one ends', async () => {
    const [first, second] = await startTwo(1, longLease);
    first.tell('write');
    first.tell('hand over');
    assert.equal(await first.says(/^(written|refused)/), 'written', 'it was asked before');
    await second.says(/^leads$/);
    assert.equal(await readName(), 'first');
    second.tell('write');
    await second.says(/^written$/);
    await second.end('SIGTERM');
    await first.says(/^leads$/);
    first.tell('write');
    await first.says(/^written$/);
  });

  it('have a new leader, which writes, within 5 s when the old one is killed', async () => {
    const [first, second] = await startTwo();
    const began = calmMs();
    await first.end('SIGKILL');
    await second.says(/^leads$/);
    second.tell('write');
    await second.says(/^written$/);
    const tookMs = calmMs() - began;
    assert.ok(tookMs < 5000, `${tookMs} ms`);
    assert.equal(await readName(), 'second');
  });

  it('have a new leader within 5 s when the old one goes together with the leader of etcd', async () => {
    const [first, second] = await startTwo(3);
    const leaderOfEtcd = await findLeader();
    const began = calmMs();
    await Promise.all([first.end('SIGKILL'), leaderOfEtcd.kill()]);
    await second.says(/^leads$/);
    second.tell('write');
    await second.says(/^written$/);
    const tookMs = calmMs() - began;
    assert.ok(tookMs < 5000, `${tookMs} ms`);
  });

  it('take no write of a leader that was frozen for longer than its lease, resumed or not', async () => {
    const [first, second] = await startTwo();
    first.tell('write');
    await first.says(/^written$/);
    first.freeze();
    await second.says(/^leads$/);
    // It finds this when it wakes, before it has heard of anything.
    first.tell('write');
    first.thaw();
    const lines = await first.saysAll(/^refused: write the store: /, /^follows$/);
    assert.equal(lines.includes('written'), false);
    second.tell('write');
    await second.says(/^written$/);
    first.tell('write');
    assert.match(await first.says(/^(written|refused)/), /^refused: write the store: the manager second leads/);
    assert.equal(await readName(), 'second');
  });

  it('take no write of a former leader, whatever that believes of itself', async () => {
    await startTwo(1, longLease);
    const endpoints = await EtcdEndpoints.open({ endpoints: members.map(({ endpoint }) => endpoint), tls: null });
    const keys = new Keys('t/');
    const state = new EtcdState(keys);
    state.reset(await readSnapshot(endpoints, keys));
    const formerTerm = { compare: () => createdAt(keys.leader, (state.leader?.since ?? 0) - 1) };
    const transactions = new Transactions(endpoints, keys, state, formerTerm);
    const write = { type: 'put', object: unstored('x') } as const;
    await assert.rejects(transactions.commit([write], 0), { code: 'unavailable', message: /the manager first leads/ });
    assert.equal((await readSnapshot(endpoints, keys)).entries.length, state.index.everything().length + 2);
    endpoints.close();
  });

  it('lose their leader when etcd does not answer it, and find one again', async () => {
    const [first, second] = await startTwo();
    const [etcd = assert.fail()] = members;
    etcd.freeze();
    await first.says(/^follows$/);
    etcd.thaw();
    await Promise.race([first.says(/^leads$/), second.says(/^leads$/)]);
  });

  async function findLeader(): Promise<EtcdProcess> {
    for (const member of members) {
      const [status] = JSON.parse(await member.control('endpoint', 'status', '-w', 'json')) as [
        { Status: { header: { member_id: number }; leader: number } },
      ];
      if (status.Status.header.member_id === status.Status.leader) return member;
    }
    throw new Error('etcd has no leader');
  }
});
