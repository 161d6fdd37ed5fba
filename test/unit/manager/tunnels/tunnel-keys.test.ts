import { loneContext } from '../../../fixtures/authority-context.ts';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Authority } from '../../../../src/manager/authority/authority.ts';
import { readSecrets } from '../../../../src/manager/authority/cluster-object.ts';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { createCluster } from '../../../../src/manager/authority/create-cluster.ts';
import { AssignmentWakeups } from '../../../../src/manager/dispatcher/assignment-wakeups.ts';
import { streamAssignments } from '../../../../src/manager/dispatcher/assignment-stream.ts';
import { EndpointsIndex } from '../../../../src/manager/dispatcher/endpoints/endpoints-index.ts';
import { registerNodes } from '../../../../src/manager/dispatcher/register-node.ts';
import { put, type Change } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { nextTunnelKeys } from '../../../../src/manager/tunnels/rotate-tunnel-keys.ts';
import { tunnelKeyRotation } from '../../../../src/manager/tunnels/tunnel-key-rotation.ts';
import { nextTunnelNumber } from '../../../../src/manager/tunnels/tunnel-number.ts';
import type { EndpointsObject } from '../../../../src/model/endpoints.ts';
import type { ClusterObject, TaskObject } from '../../../../src/model/objects.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';
import { networkObject, nodeObject, taskObject } from '../../../fixtures/objects.ts';

const begin = Date.parse('2026-01-01T00:00:00Z');
const hour = 3_600_000;
const spec = networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } });
const secret = networkObject({ version: 0, spec });
const open = networkObject({ version: 0, id: 'net2', key: 'open', name: 'p_open', bridge: 'ts-net2' });

function onNetwork(networkId: string, nodeId: string): TaskObject {
  const attachment = { network: 'default', addresses: ['172.28.0.2/24'], gateways: [], mac: '', aliases: [] };
  return taskObject('web', {
    version: 0,
    id: `${networkId}-${nodeId}`,
    nodeId,
    attachments: [{ networkId, ...attachment }],
  });
}

describe('the keys of encrypted networks', () => {
  let store: SqliteStore;
  let nowMs: number;
  const write = (...changes: readonly Change[]): Promise<void> => store.update(() => ({ changes, result: undefined }));
  const cluster = (): ClusterObject => {
    const [found] = store.view.all('cluster');
    assert.ok(found !== undefined);
    return found;
  };
  const generations = (): readonly number[] => readSecrets(store).tunnelKeys.map(({ generation }) => generation);
  const look = async (): Promise<number | undefined> => {
    const loop = tunnelKeyRotation(() => readSecrets(store));
    return store.update((view) => {
      const { changes, lookAgainAt } = loop.reconcile(view, new Set(['cluster']), new Date(nowMs).toISOString());
      return { changes, result: lookAgainAt.get('cluster') };
    });
  };

  beforeEach(async () => {
    nowMs = begin;
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    await createCluster(store, 0, new Date(nowMs));
  });
  afterEach(() => store.close());

  it('are there from the beginning, and are followed by others every twelve hours', async () => {
    assert.deepEqual(generations(), [0, 1, 2]);
    assert.equal(await look(), begin + 12 * hour);
    nowMs += 12 * hour;
    const before = readSecrets(store).tunnelKeys;
    await look();
    assert.equal(cluster().tunnelKeys.generation, 2);
    const after = readSecrets(store).tunnelKeys;
    assert.deepEqual(
      after.slice(0, 2),
      before.slice(1),
      'whoever has heard of it and whoever has not understand each other',
    );
    assert.equal(new Set([...before, ...after].map(({ key }) => key)).size, 4);
    assert.equal(await look(), begin + 24 * hour);
  });

  it('are made for a cluster from before there were any', async () => {
    const { tunnelKeys: _, ...secrets } = readSecrets(store);
    const old = { ...cluster(), tunnelKeys: { generation: 0, rotatedAt: '1970-01-01T00:00:00Z' } };
    await write(put(old, Buffer.from(JSON.stringify(secrets))));
    assert.deepEqual(generations(), []);
    await look();
    assert.deepEqual(generations(), [0, 1, 2]);
  });

  it('can be replaced by hand, but not faster than nodes hear of it', async () => {
    const authority = new Authority(
      store,
      loneContext(() => new Date(nowMs)),
    );
    assert.deepEqual(await authority.rotateTunnelKeys(), { generation: 2 });
    nowMs += 1000;
    await assert.rejects(authority.rotateTunnelKeys(), { code: 'conflict', hint: 'try again in 4 s' });
    assert.deepEqual(generations(), [1, 2, 3]);
    nowMs += 4000;
    assert.deepEqual(await authority.rotateTunnelKeys(), { generation: 3 });
    nowMs -= hour;
    assert.deepEqual(await authority.rotateTunnelKeys(), { generation: 4 }, 'a clock that was set back is no obstacle');
    assert.deepEqual(generations(), [3, 4, 5]);
  });

  it('go to the nodes of encrypted networks alone, and again when they have changed', async () => {
    const node = (id: string, last: number, tunnelPort = 0): Change => {
      const tunnel = { tunnelNumber: last, tunnelKey: `key of ${id}`, tunnelPort };
      return put(nodeObject({ version: 0, id, address: `10.90.0.${last}`, ...tunnel }));
    };
    await write(node('n1', 1, 4793), node('n2', 2), node('n3', 3), put(secret), put(open));
    await write(put(onNetwork('net1', 'n1')), put(onNetwork('net1', 'n2')));
    await write(put(onNetwork('net2', 'n3')), put(onNetwork('net2', 'n1')));
    const endpoints = new EndpointsIndex(store);
    const wakeups = new AssignmentWakeups(store, endpoints);
    const over = new AbortController();
    const follow = (
      nodeId: string,
      takesChanges = false,
    ): { readonly next: () => Promise<readonly EndpointsObject[]> } => {
      const receiver = { nodeId, takesChanges };
      const messages = streamAssignments(store, endpoints, wakeups, receiver, over.signal);
      return {
        next: async () => {
          const { value, done } = await messages.next();
          const documents = (done === true ? [] : value.upserts).filter(({ kind }) => kind.startsWith('endpoints'));
          return documents.map(({ document }) => JSON.parse(document) as EndpointsObject);
        },
      };
    };
    const [n1, n2, n3] = [follow('n1'), follow('n2', true), follow('n3')];
    await n2.next();
    const told = (await n1.next()).find(({ networkId }) => networkId === 'net1');
    assert.deepEqual(told?.encryption, { generation: 1, keys: readSecrets(store).tunnelKeys });
    assert.deepEqual(
      told?.nodes.map(({ tunnel }) => tunnel),
      [
        { number: 1, key: 'key of n1', port: 4793 },
        { number: 2, key: 'key of n2', port: 0 },
      ],
    );
    const others = JSON.stringify(await n3.next());
    for (const { key } of readSecrets(store).tunnelKeys) assert.ok(!others.includes(key));
    assert.match(others, /"tunnel":null/);
    await new Authority(store, loneContext()).rotateTunnelKeys();
    const [news, ...more] = await n1.next();
    const [change] = await n2.next();
    assert.equal((change as { readonly kind: string } | undefined)?.kind, 'endpoints-change');
    assert.deepEqual(change?.encryption, news?.encryption);
    assert.deepEqual(more, [], 'the network that is not encrypted is no news');
    assert.deepEqual(news?.encryption, { generation: 2, keys: readSecrets(store).tunnelKeys });
    assert.ok(news !== undefined && told !== undefined && news.version > told.version);
    const second = store.view.get('node', 'n2');
    assert.ok(second !== undefined);
    await write(put({ ...second, tunnelPort: 4793 }));
    const [later] = await n1.next();
    assert.deepEqual(
      later?.nodes.map(({ tunnel }) => tunnel?.port),
      [4793, 4793],
      'that a host has WireGuard now is news for the others',
    );
    const [entry] = endpoints.get(secret) === null ? [] : [endpoints.get(secret)];
    assert.deepEqual(entry?.encryption?.keys, [], 'the manager keeps none where it compares');
    over.abort();
    endpoints.close();
    wakeups.close();
  });

  it('are made with the key of each host, which is another one after each start of its machine', async () => {
    const { description } = nodeObject();
    const register = (tunnelKey: string, tunnelPort: number): Promise<void> => {
      const known = { knownTerm: '', knownRevision: 0, storeRevision: 0 };
      const said = { id: 'n1', description, role: null, address: '10.90.0.1', tunnelKey, tunnelPort, ...known };
      return store.update((view) => ({ ...registerNodes(view, [said], '2026-01-01T00:00:00Z'), result: undefined }));
    };
    await write(
      put(nodeObject({ version: 0, tunnelNumber: 0 })),
      put(nodeObject({ version: 0, id: 'n9', tunnelNumber: 9 })),
    );
    await register('first', 4793);
    assert.equal(store.view.get('node', 'n1')?.tunnelKey, 'first');
    assert.equal(store.view.get('node', 'n1')?.tunnelPort, 4793);
    assert.equal(store.view.get('node', 'n1')?.tunnelNumber, 10, 'one from before there were numbers gets one');
    const { version } = store.view.get('node', 'n1') ?? {};
    await register('first', 4793);
    assert.equal(store.view.get('node', 'n1')?.version, version, 'what is known is no write');
    await register('first', 0);
    assert.equal(store.view.get('node', 'n1')?.tunnelPort, 0, 'its WireGuard has failed');
    await register('second', 0);
    assert.equal(store.view.get('node', 'n1')?.tunnelKey, 'second');
    assert.equal(store.view.get('node', 'n1')?.tunnelNumber, 10);
  });
});

describe('the number of a node in encrypted packets', () => {
  it('is another one for each, and not at once that of one that has gone', () => {
    const numbers = (...taken: readonly number[]): number =>
      nextTunnelNumber(taken.map((tunnelNumber) => ({ tunnelNumber })));
    assert.equal(numbers(), 1);
    assert.equal(numbers(3, 1), 4);
    assert.equal(numbers(1, 2, 2 ** 24 - 1), 3);
  });
});

describe('generations of keys', () => {
  it('keep those that are still in use', () => {
    const first = nextTunnelKeys([], 5);
    assert.deepEqual(
      first.map(({ generation }) => generation),
      [4, 5, 6],
    );
    assert.deepEqual(nextTunnelKeys(first, 6).slice(0, 2), first.slice(1));
    assert.ok(first.every(({ key }) => Buffer.from(key, 'base64').length === 32));
  });
});
