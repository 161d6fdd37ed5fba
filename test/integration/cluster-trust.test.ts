import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import { ChangeSet } from '../../src/manager/store/change-set.ts';
import { put } from '../../src/manager/store/change.ts';
import { removeNode } from '../../src/manager/authority/remove-node.ts';
import { isRotating } from '../../src/manager/authority/authority-rotation.ts';
import { getCluster } from '../../src/manager/authority/cluster-object.ts';
import { createRequest } from '../../src/manager/authority/certificates.ts';
import { parseToken } from '../../src/manager/authority/join-token.ts';
import { formatHostPort } from '../../src/model/host-port.ts';
import { controlMethods } from '../../src/rpc/generated/contract.ts';
import type { SessionMessage } from '../../src/rpc/messages.ts';
import { makeClient } from '../../src/rpc/client/make-client.ts';
import { openSecureChannel } from '../../src/rpc/secure/open-secure-channel.ts';
import type { TlsIdentity } from '../../src/rpc/secure/tls-material.ts';
import { connectAuthorityOf, connectDispatcherOf, trustOf, type Trust } from '../../src/rpc/secure-client.ts';
import type { ControlClient, DispatcherClient } from '../../src/rpc/service-types.ts';
import { ReportStream } from '../../agents/host/session/report-stream.ts';
import { simulatedDescription } from '../../agents/simulated/simulated-agent.ts';
import { serviceObject, taskObject } from '../fixtures/objects.ts';
import { SecureManager } from '../support/secure-manager.ts';

const hour = 3_600_000;
const never = new AbortController().signal;
const description = JSON.stringify(simulatedDescription);

describe('joining a cluster', () => {
  let secure: SecureManager;

  before(async () => {
    secure = await SecureManager.start();
  });
  after(() => secure.stop());

  it('takes a token, and gives a certificate with its role', async () => {
    const admission = await secure.join();
    assert.equal(admission.role, 'worker');
    assert.equal(secure.manager.store.view.get('node', admission.nodeId)?.hostname, 'w1');
  });

  it('says nothing of the token to somebody of another authority', async () => {
    const token = await secure.token();
    const altered = token.replace(
      /^(TSTKN-1-.)(.)/,
      (_all, head: string, digit: string) => head + (digit === 'a' ? 'b' : 'a'),
    );
    const before = secure.joins;
    await assert.rejects(secure.join({ token: altered }), {
      code: 'permission',
      message: `join the cluster: the authority of ${formatHostPort(secure.place)} is not the one that the token names`,
    });
    assert.equal(secure.joins, before);
  });

  it('refuses a wrong secret, a rotated token and one of another cluster', async () => {
    const old = await secure.token();
    await secure.authority.rotateJoinToken({ role: 'worker' });
    await assert.rejects(secure.join({ token: old }), { code: 'permission', message: /it has been rotated/ });
    const other = await SecureManager.start();
    await assert.rejects(secure.join({ token: await other.token() }), {
      code: 'permission',
      message: /is not the one that the token names/,
    });
    await other.stop();
    await assert.rejects(secure.join({ token: 'secret' }), { code: 'invalid', message: /the token is none/ });
    await secure.join();
  });

  it('is for addresses that are the host’s alone, and warns of a name that there is and of an address without answer', async () => {
    const first = await secure.join({ advertise: '127.0.5.1' }, 'twin');
    const node = secure.manager.store.view.get('node', first.nodeId);
    assert.ok(node !== undefined);
    await secure.manager.store.update(() => ({ changes: [put({ ...node, state: 'ready' })], result: undefined }));
    await assert.rejects(secure.join({ advertise: '127.0.5.1' }), {
      code: 'conflict',
      message: /that is the address of node twin/,
    });
    await assert.rejects(secure.join({ advertise: 'twin' }), { code: 'invalid', message: /it is no IP address/ });
    const second = await secure.join({ advertise: '192.0.2.77' }, 'twin');
    assert.match(second.warnings.join('\n'), /already a node called twin[^]*no answer from 192\.0\.2\.77/);
  });

  it('leaves no secret on the disk of the manager in clear', async () => {
    const token = await secure.token();
    const files = secure.storeFiles();
    assert.ok(files.some((bytes) => bytes.includes('BEGIN CERTIFICATE')));
    for (const text of [parseToken(token).secret, 'PRIVATE KEY'])
      assert.ok(
        files.every((bytes) => !bytes.includes(text)),
        text,
      );
  });

  it('is not for a second manager as long as the store is for one', async () => {
    await assert.rejects(secure.join({ token: await secure.token('manager') }), { code: 'unsupported' });
  });

  it('names both clocks when they are too far apart', async () => {
    for (const [aheadMs, text] of [
      [2 * hour, 'behind'],
      [-2 * hour, 'ahead of'],
    ] as const) {
      const skewed = await SecureManager.start({ aheadMs });
      await assert.rejects(skewed.join(), { code: 'conflict', message: new RegExp(`is 120 minutes ${text} that of`) });
      assert.equal(skewed.joins, 0);
      await skewed.stop();
    }
  });

  it('says when nobody listens', async () => {
    await assert.rejects(secure.join({ manager: '127.0.0.1:1' }), {
      code: 'unavailable',
      message: /nobody listens there/,
    });
  });
});

describe('certificates in a cluster', () => {
  let secure: SecureManager;
  const opened: { close(): void }[] = [];

  before(async () => {
    secure = await SecureManager.start();
  });
  afterEach(() => {
    for (const client of opened.splice(0)) client.close();
  });
  after(() => secure.stop());

  async function dispatcher(identity: TlsIdentity | null, trust?: Trust): Promise<DispatcherClient> {
    const { authorities } = await secure.identity('worker');
    const client = await connectDispatcherOf(secure.place, trust ?? { authorities, identity });
    opened.push(client);
    return client;
  }

  async function control(identity: TlsIdentity): Promise<ControlClient> {
    const client = makeClient(
      await openSecureChannel(secure.place, trustOf(identity), {}),
      controlMethods,
    ) as ControlClient;
    opened.push(client);
    return client;
  }

  function session(client: DispatcherClient, nodeId: string): AsyncIterator<SessionMessage> {
    return client.session({ nodeId, description, clusterId: '', address: '' })[Symbol.asyncIterator]();
  }

  it('of managers open Control, those of workers do not', async () => {
    const manager = await control(await secure.identity('manager'));
    assert.ok((await manager.listObjects({ kinds: ['cluster'] })).objects.length === 1);
    const worker = await control(await secure.identity('worker'));
    await assert.rejects(worker.listObjects({}), {
      code: 'permission',
      message: /this node is a worker, and only managers may/,
    });
  });

  it('are needed for everything but joining', async () => {
    const nobody = await dispatcher(null);
    await assert.rejects(session(nobody, 'n1').next(), { code: 'permission', message: /no certificate was shown/ });
    await assert.rejects(new ReportStream(nobody, 'x', never).run(), { code: 'permission' });
  });

  it('speak for their own node only, and report on its tasks only', async () => {
    const [one, other] = [await secure.identity('worker'), await secure.identity('worker')];
    const client = await dispatcher(one);
    await assert.rejects(session(client, other.nodeId).next(), {
      code: 'permission',
      message: /the certificate is another node's/,
    });
    const theirs = await dispatcher(other);
    const { value } = (await session(theirs, other.nodeId).next()) as { value: SessionMessage };
    await assert.rejects(new ReportStream(client, value.sessionId, never).run(), { code: 'permission' });
    await assert.rejects(
      client.assignments({ sessionId: value.sessionId, takesChanges: true })[Symbol.asyncIterator]().next(),
      {
        code: 'permission',
      },
    );
    const task = { ...taskObject('theirs', { nodeId: other.nodeId }), version: 0 };
    await secure.manager.store.update(() => ({ changes: [put(task)], result: undefined }));
    const mine = (await session(client, one.nodeId).next()) as { value: SessionMessage };
    const updates = [{ taskId: task.id, status: JSON.stringify(task.status), removed: false }];
    const over = new AbortController();
    const reports = new ReportStream(client, mine.value.sessionId, over.signal);
    const done = assert.rejects(reports.run(), { code: 'canceled' });
    await assert.rejects(reports.send(updates), { code: 'permission', message: /not assigned to this node/ });
    await reports.send([]);
    over.abort();
    await done;
  });

  it('that are of another cluster, have expired or are not valid yet are told so', async () => {
    const other = await SecureManager.start();
    const { authorities } = await secure.identity('worker');
    for (const [identity, reason] of [
      [await other.identity('worker'), /of another cluster|does not count here/],
      [await secure.identity('worker', 3 * hour), /the certificate has expired/],
      [await secure.identity('worker', -3 * hour), /the certificate is not valid yet/],
    ] as const) {
      const client = await dispatcher(null, {
        authorities,
        identity: { ...identity, clusterId: secure.manager.store.clusterId },
      });
      await assert.rejects(session(client, identity.nodeId).next(), { code: 'permission', message: reason });
    }
    await other.stop();
  });

  it('of a node that was removed end its session and open no other', async () => {
    const identity = await secure.identity('worker');
    const client = await dispatcher(identity);
    const messages = session(client, identity.nodeId);
    await messages.next();
    const { store } = secure.manager;
    await store.update((view) => {
      const changes = new ChangeSet(view);
      removeNode(changes, view.get('node', identity.nodeId) ?? assert.fail(), new Date());
      return { changes: changes.changes, result: undefined };
    });
    await assert.rejects(messages.next(), { code: 'permission', message: /was removed from the cluster/ });
    await assert.rejects(session(client, identity.nodeId).next(), {
      code: 'permission',
      message: /was removed from the cluster/,
    });
  });

  it('let their node leave by force, with what is on it: what still has to run gets a place elsewhere', async () => {
    const identity = await secure.identity('worker');
    const { store } = secure.manager;
    const task = taskObject('web', { nodeId: identity.nodeId });
    const goes = taskObject('old', { nodeId: identity.nodeId, desired: 'remove' });
    const changes = [serviceObject('web'), task, goes].map((object) => put({ ...object, version: 0 }));
    await store.update(() => ({ changes, result: undefined }));
    const client = await connectAuthorityOf(secure.place, trustOf(identity));
    await assert.rejects(client.leave({ force: false }), { message: /these containers run here: .*web/ });
    await client.leave({ force: true });
    assert.deepEqual(store.view.tasksOfNode(identity.nodeId), []);
    const [successor, ...more] = store.view.tasksOfService('p', 'web');
    assert.deepEqual([successor?.nodeId, more], [null, []]);
    assert.match(successor?.history[0]?.message ?? '', /^node .* has left the cluster$/);
    client.close();
  });

  it('of managers have to be good, too, before a node says anything', async () => {
    const worker = await secure.identity('worker');
    const other = await SecureManager.start();
    await assert.rejects(connectDispatcherOf(other.place, trustOf(worker)), {
      code: 'unavailable',
      message: /of an authority that does not count here/,
    });
    await other.stop();
    const impostor = await SecureManager.start({ serveAs: 'worker' });
    const victim = await impostor.identity('worker');
    await assert.rejects(connectDispatcherOf(impostor.place, trustOf(victim)), {
      code: 'permission',
      message: /the other side is no manager/,
    });
    await impostor.stop();
    for (const [aheadMs, message] of [
      [-3 * hour, /its certificate has expired/],
      [3 * hour, /its certificate is not valid yet/],
    ] as const) {
      const skewed = await SecureManager.start({ aheadMs });
      await assert.rejects(connectDispatcherOf(skewed.place, trustOf(await skewed.identity('worker'))), {
        code: 'unavailable',
        message,
        hint: /compare the clocks/,
      });
      await skewed.stop();
    }
  });

  it('are spoken of in TLS 1.3 and nothing older', async () => {
    const failed = new Promise<string>((resolve) => {
      const socket = connect({ ...secure.place, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
      socket.once('error', (error) => resolve(error.message));
      socket.once('secureConnect', () => resolve('connected'));
    });
    assert.match(await failed, /protocol version/);
  });
});

describe('a new authority', () => {
  it('takes over node by node: who knows only the old one still finds the managers, and then the old one counts no more', async () => {
    const secure = await SecureManager.start();
    const { store } = secure.manager;
    const worker = await secure.identity('worker');
    const late = await secure.identity('worker');
    const own = store.view.all('node').find(({ role }) => role === 'manager') ?? assert.fail();
    const oldToken = await secure.token();
    await secure.authority.rotateAuthority();
    await assert.rejects(secure.authority.rotateAuthority(), { code: 'conflict', message: /waits for/ });
    assert.equal(isRotating(getCluster(store.view)), true);
    assert.notEqual(await secure.token(), oldToken);

    const renew = async (identity: TlsIdentity): Promise<TlsIdentity> => {
      const { key, request } = await createRequest();
      const client = await connectAuthorityOf(secure.place, trustOf(identity));
      const issued = await client.renew({ certificateRequest: request });
      client.close();
      return { ...identity, key, ...issued };
    };
    const manager = await renew({ ...worker });
    assert.equal(manager.authorities.match(/BEGIN CERTIFICATE/g)?.length, 2);
    const { key, request } = await createRequest();
    const peer = { kind: 'node', nodeId: own.id, role: 'manager', clusterId: store.clusterId } as const;
    const issued = await secure.authority.renew(
      { certificateRequest: request },
      { peer, signal: new AbortController().signal },
    );
    secure.server.setIdentity({ ...peer, key, ...issued });

    assert.equal(isRotating(getCluster(store.view)), true);
    const renewed = await renew(late);
    assert.equal(isRotating(getCluster(store.view)), false);
    secure.server.setIdentity({ ...peer, key, ...issued, authorities: getCluster(store.view).authorities.join('') });
    await assert.rejects(renew({ ...late, authorities: renewed.authorities }), {
      code: 'permission',
      message: /does not count here/,
    });
    await renew(renewed);
    await secure.stop();
  });
});
