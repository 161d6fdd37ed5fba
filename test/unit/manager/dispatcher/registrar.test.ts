import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { createCluster } from '../../../../src/manager/authority/create-cluster.ts';
import {
  parseTunnelKey,
  parseTunnelPort,
  type Registration,
} from '../../../../src/manager/dispatcher/register-node.ts';
import { Registrar } from '../../../../src/manager/dispatcher/registrar.ts';
import { put } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { nodeObject } from '../../../fixtures/objects.ts';

const registration = (id: string): Registration => ({
  id,
  description: { ...nodeObject().description, hostname: id },
  role: null,
  address: '',
  tunnelKey: '',
  tunnelPort: 0,
  knownRevision: 0,
  knownTerm: '',
  storeRevision: 0,
});

describe('registrations that come together', () => {
  let store: SqliteStore;
  let registrar: Registrar;
  let commits: number;

  beforeEach(() => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    registrar = new Registrar(store);
    commits = 0;
    store.subscribe(() => (commits += 1));
  });
  afterEach(() => store.close());

  it('are one transaction, in which each node has a number of its own', async () => {
    await Promise.all(['n1', 'n2', 'n3'].map((id) => registrar.register(registration(id))));
    assert.equal(commits, 1);
    const nodes = store.view.all('node');
    assert.deepEqual(
      nodes.map(({ id, state, tunnelNumber }) => [id, state, tunnelNumber]),
      [
        ['n1', 'ready', 1],
        ['n2', 'ready', 2],
        ['n3', 'ready', 3],
      ],
    );
    await registrar.register(registration('n1'));
    assert.equal(commits, 1, 'a known node is no write');
  });

  it('are refused one by one: nodes of a cluster come by joining', async () => {
    await createCluster(store, 0, new Date());
    const known = nodeObject({ id: 'n1', version: 0, state: 'down' });
    await store.update(() => ({ changes: [put(known)], result: undefined }));
    const outcomes = await Promise.allSettled(['n1', 'n2'].map((id) => registrar.register(registration(id))));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.equal(store.view.get('node', 'n1')?.state, 'ready');
    assert.equal(store.view.get('node', 'n2'), undefined);
  });

  it('fail together when nothing can be written', async () => {
    const failing = new Registrar({ update: () => Promise.reject(new Error('the disk is full')) });
    const outcomes = await Promise.allSettled(['n1', 'n2'].map((id) => failing.register(registration(id))));
    assert.deepEqual(
      outcomes.map((outcome) => String(outcome.status === 'rejected' && outcome.reason)),
      ['Error: the disk is full', 'Error: the disk is full'],
    );
  });
});

describe('what a node says of its tunnels', () => {
  it('is a key of 32 bytes or none, and a port of UDP', () => {
    assert.equal(parseTunnelKey(Buffer.alloc(0)), '');
    assert.equal(Buffer.from(parseTunnelKey(Buffer.alloc(32, 7)), 'base64').length, 32);
    assert.throws(() => parseTunnelKey(Buffer.alloc(31)), /tunnel_key has 31 bytes and not 32/);
    assert.deepEqual([0, 4793, 65_535].map(parseTunnelPort), [0, 4793, 65_535]);
    assert.throws(() => parseTunnelPort(65_536), /tunnel_port 65536 is larger than 65535/);
  });
});
