import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { AssignmentWakeups } from '../../../../src/manager/dispatcher/assignment-wakeups.ts';
import { EndpointsIndex } from '../../../../src/manager/dispatcher/endpoints/endpoints-index.ts';
import { streamAssignments } from '../../../../src/manager/dispatcher/assignment-stream.ts';
import { put, remove, type Change } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { applyEndpointsChange, type EndpointsChange } from '../../../../src/model/endpoints-change.ts';
import type { EndpointsObject } from '../../../../src/model/endpoints.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import type { AssignmentsMessage } from '../../../../src/rpc/messages.ts';
import { networkObject, nodeObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { containerSpec, serviceSpec } from '../../../fixtures/specs.ts';

const attachments = [
  {
    networkId: 'net1',
    network: 'default',
    addresses: ['172.28.0.2/24'],
    gateways: ['172.28.0.1'],
    mac: '',
    aliases: [],
  },
];
const container = containerSpec({ secrets: [{ source: 'key', target: '/k', uid: 0, gid: 0, mode: 0o444 }] });
const web = taskObject('web', { version: 0, attachments, spec: serviceSpec('web', { container }) });
const secret = {
  id: 'key1',
  version: 0,
  createdAt: '',
  updatedAt: '',
  kind: 'secret',
  stack: 'p',
  key: 'key',
  name: 'p_key',
  spec: { name: 'p_key', external: false, labels: {}, content: null, digest: null },
} as const;

describe('the assignments of a node', () => {
  let store: SqliteStore;
  let controller: AbortController;
  let messages: AsyncIterator<AssignmentsMessage>;
  const write = (...changes: readonly Change[]): Promise<void> => store.update(() => ({ changes, result: undefined }));
  const task = (): TaskObject => {
    const found = store.view.get('task', web.id);
    assert.ok(found !== undefined);
    return found;
  };
  const next = async (): Promise<AssignmentsMessage> => {
    const result = await messages.next();
    assert.ok(result.done !== true);
    return result.value;
  };

  beforeEach(async () => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    controller = new AbortController();
    await write(put(web), put(networkObject({ version: 0 })), put(secret, Buffer.from('hunter2')));
    const endpoints = new EndpointsIndex(store);
    messages = streamAssignments(
      store,
      endpoints,
      new AssignmentWakeups(store, endpoints),
      { nodeId: 'n1', takesChanges: true },
      controller.signal,
    );
  });
  afterEach(() => {
    controller.abort();
    store.close();
  });

  it('begin with everything, what a task needs before the task, and are numbered', async () => {
    const first = await next();
    assert.deepEqual([first.full, first.sequence], [true, 1]);
    assert.deepEqual(
      first.upserts.map(({ kind }) => kind),
      ['network', 'secret', 'task'],
    );
    assert.match(first.upserts[1]?.document ?? '', new RegExp(Buffer.from('hunter2').toString('base64')));
    await write(put({ ...task(), desired: 'stopped' }));
    const second = await next();
    assert.deepEqual([second.full, second.sequence, second.upserts.map(({ id }) => id)], [false, 2, [web.id]]);
  });

  it('do not repeat to the agent what it has reported itself, nor what waits at a gate', async () => {
    await next();
    await write(put({ ...task(), status: taskStatus({ state: 'complete' }) }));
    await write(put({ ...task(), gate: { next: 'remove', run: 1, message: '', failed: false } }));
    const message = next();
    await write(put({ ...task(), desired: 'stopped' }));
    assert.equal((await message).sequence, 2);
  });

  it('take a secret away when the last task that uses it goes, and the network after the task', async () => {
    await next();
    await write(put({ ...task(), desired: 'remove' }));
    const going = await next();
    assert.deepEqual(
      going.removals.map(({ kind }) => kind),
      ['secret'],
    );
    await write(remove(task()));
    const gone = await next();
    assert.deepEqual(
      gone.removals.map(({ kind, document }) => kind + document),
      ['task', 'network'],
    );
  });

  it('tell several commits together when the agent is slow, and nothing of other nodes', async () => {
    await next();
    await write(put(taskObject('other', { version: 0, nodeId: 'n2' })));
    await write(put({ ...task(), desired: 'stopped' }));
    await write(put({ ...task(), desired: 'running', desiredRun: 2 }));
    const message = await next();
    assert.deepEqual(
      message.upserts.map(({ id }) => id),
      [web.id],
    );
    assert.match(message.upserts[0]?.document ?? '', /"desiredRun":2/);
  });

  it('tell large commits together, so that the node hears of many tasks in few messages', async () => {
    await next();
    const spread = (slot: number): readonly Change[] =>
      Array.from({ length: 300 }, (_, node) =>
        put(taskObject(`s${slot}`, { id: `${slot}-${node}`, version: 0, nodeId: `n${node}` })),
      );
    await write(...spread(1));
    const idsOf = ({ upserts }: AssignmentsMessage): readonly string[] => upserts.map(({ id }) => id);
    assert.deepEqual(idsOf(await next()), ['1-1']);
    const later = next();
    await write(...spread(2));
    await write(...spread(3));
    assert.deepEqual(idsOf(await later), ['2-1', '3-1']);
  });

  it('tell who takes that what is new of who is on a network, and others the whole', async () => {
    const others = [1, 2, 3, 4, 5, 6].map((slot) =>
      taskObject('api', { id: `api-${slot}`, version: 0, slot, nodeId: `n${2 + (slot % 2)}`, attachments }),
    );
    const index = new EndpointsIndex(store);
    const wakeups = new AssignmentWakeups(store, index);
    const follow = (takesChanges: boolean): AsyncIterator<AssignmentsMessage> =>
      streamAssignments(store, index, wakeups, { nodeId: 'n1', takesChanges }, controller.signal);
    await write(
      ...['n1', 'n2', 'n3'].map((id) => put(nodeObject({ version: 0, id }))),
      ...others.map((one) => put(one)),
    );
    const streams = [follow(true), follow(false)];
    const nextOf = async (): Promise<readonly unknown[]> =>
      Promise.all(
        streams.map(async (stream) => {
          const { value } = (await stream.next()) as IteratorYieldResult<AssignmentsMessage>;
          return value.upserts
            .filter(({ kind }) => kind.startsWith('endpoints'))
            .map(({ document }) => JSON.parse(document));
        }),
      );
    const [[first], [whole]] = (await nextOf()) as [[EndpointsObject], [EndpointsObject]];
    assert.deepEqual(first, whole, 'the first of all is told as a whole');
    const one = store.view.get('task', 'api-1');
    assert.ok(one !== undefined);
    await write(remove(one));
    const [[change], [later]] = (await nextOf()) as [[EndpointsChange], [EndpointsObject]];
    assert.deepEqual([change.kind, change.tasks], ['endpoints-change', { upserts: [], removals: ['api-1'] }]);
    assert.deepEqual(applyEndpointsChange(first, change), later);
    wakeups.close();
    index.close();
  });

  it('tell who is where at once after a quiet time, then ever more changes together, and never without the last', async () => {
    const other = (slot: number): TaskObject =>
      taskObject('api', { id: `api-${slot}`, version: 0, slot, nodeId: 'n2', attachments });
    await write(...['n1', 'n2'].map((id) => put(nodeObject({ version: 0, id, hostname: id }))));
    await next();
    const textOf = ({ upserts }: AssignmentsMessage): string => upserts.map(({ document }) => document).join();
    const first = next();
    await write(put(other(1)));
    assert.match(textOf(await first), /"api-1"/);
    const changes = 20;
    let text = next().then(textOf);
    for (let slot = 2; slot <= changes; slot++) await write(put(other(slot)));
    let messages = 1;
    for (; !(await text).includes(`"api-${changes}"`); messages++) text = next().then(textOf);
    assert.ok(messages < changes / 2, `${messages} messages`);
  });

  it('end when the agent leaves', async () => {
    await next();
    const end = messages.next();
    controller.abort();
    assert.equal((await end).done, true);
  });
});
