import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { AppliedEndpoints } from '../../../../src/manager/dispatcher/endpoints/applied-endpoints.ts';
import { EndpointsIndex } from '../../../../src/manager/dispatcher/endpoints/endpoints-index.ts';
import { put, remove, type Change } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import type { NodeObject, TaskObject } from '../../../../src/model/objects.ts';
import { networkObject, nodeObject, taskObject } from '../../../fixtures/objects.ts';

const attachment = { networkId: 'net1', network: 'default', gateways: [], mac: '', aliases: [] };
const server = (slot: number, nodeId: string): TaskObject =>
  taskObject('web', {
    version: 0,
    slot,
    nodeId,
    attachments: [{ ...attachment, addresses: [`172.28.0.${slot + 1}/24`] }],
  });

/** Whether it has been settled after everything that was due has run. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const open = {};
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(open)])) === open;
}

describe('a container that is about to end', () => {
  let store: SqliteStore;
  let endpoints: EndpointsIndex;
  let applied: AppliedEndpoints;
  const over = new AbortController();
  const write = (...changes: readonly Change[]): Promise<void> => store.update(() => ({ changes, result: undefined }));
  const task = (slot: number): TaskObject => store.view.get('task', `p-web-${slot}`) ?? assert.fail();
  const node = (id: string): NodeObject => store.view.get('node', id) ?? assert.fail();
  const version = (): number => {
    const network = store.view.get('network', 'net1') ?? assert.fail();
    return endpoints.get(network)?.version ?? assert.fail();
  };
  const follow = (...nodeIds: readonly string[]): void => {
    for (const id of nodeIds) applied.note(id, [{ networkId: 'net1', version: version() }]);
  };
  const open = (patienceMs?: number): void => {
    endpoints = new EndpointsIndex(store);
    applied = new AppliedEndpoints(store, endpoints, patienceMs);
  };

  beforeEach(async () => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    const nodes = ['n1', 'n2', 'n3'].map((id) => put(nodeObject({ version: 0, id, hostname: id })));
    const tasks = [server(1, 'n1'), server(2, 'n2'), server(3, 'n3')].map((one) => put(one));
    await write(...nodes, put(networkObject({ version: 0 })), ...tasks);
    open();
    follow('n1', 'n2', 'n3');
  });
  afterEach(() => {
    applied.close();
    endpoints.close();
    store.close();
  });

  it('waits until every node of its networks leads to others, and for nobody after that', async () => {
    await write(put({ ...task(1), desired: 'remove' }));
    const led = applied.leadAway(task(1), over.signal);
    follow('n1', 'n2');
    assert.equal(await isOpen(led), true);
    follow('n3');
    assert.deepEqual(await led, []);
    assert.deepEqual(await applied.leadAway(task(1), over.signal), []);
  });

  it('waits for its own word first that it does not serve any more', async () => {
    const led = applied.leadAway(task(1), over.signal);
    follow('n1', 'n2', 'n3');
    assert.equal(await isOpen(led), true, 'all nodes have endpoints with it');
    const { status } = task(1);
    const container = status.container ?? assert.fail();
    await write(put({ ...task(1), status: { ...status, container: { ...container, serving: false } } }));
    assert.equal(await isOpen(led), true, 'and not yet those without it');
    follow('n1', 'n2', 'n3');
    assert.deepEqual(await led, []);
  });

  it('does not wait for versions that come later', async () => {
    await write(put({ ...task(1), desired: 'remove' }));
    const led = applied.leadAway(task(1), over.signal);
    assert.equal(await isOpen(led), true);
    follow('n1', 'n2', 'n3');
    await write(put({ ...task(2), desired: 'remove' }));
    assert.deepEqual(await led, []);
  });

  it('does not wait for nodes that are down, nor for those that are on the network no more', async () => {
    await write(put({ ...task(1), desired: 'remove' }));
    const led = applied.leadAway(task(1), over.signal);
    follow('n1');
    assert.equal(await isOpen(led), true);
    await write(put({ ...node('n2'), state: 'down' }));
    assert.equal(await isOpen(led), true);
    await write(remove(task(3)));
    assert.deepEqual(await led, []);
  });

  it('waits for what a node says in its new session, for what it said before may be of another manager', async () => {
    await write(put({ ...task(1), desired: 'remove' }));
    follow('n1', 'n2', 'n3');
    applied.forget('n2');
    const led = applied.leadAway(task(1), over.signal);
    assert.equal(await isOpen(led), true);
    follow('n2');
    assert.deepEqual(await led, []);
  });

  it('goes on without nodes that are late, and names them', async () => {
    open(1);
    follow('n1');
    await write(put({ ...task(1), desired: 'remove' }));
    follow('n1');
    assert.deepEqual(await applied.leadAway(task(1), over.signal), ['n2', 'n3']);
  });
});
