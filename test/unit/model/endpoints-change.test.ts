import assert from 'node:assert/strict';
import { applyEndpointsChange, endpointsChange } from '../../../src/model/endpoints-change.ts';
import type { EndpointsObject, EndpointTask } from '../../../src/model/endpoints.ts';

function task(number: number, isServing = true): EndpointTask {
  return {
    taskId: `t${number}`,
    nodeId: `n${number % 3}`,
    serviceId: 's',
    service: 'web',
    containerName: `p-web-${number}`,
    addresses: [`172.30.0.${number}`],
    mac: '02:42:ac:1e:00:07',
    names: [`p-web-${number}`],
    serviceNames: ['web'],
    ports: [],
    isRunning: true,
    isServing,
  };
}

function endpoints(
  version: number,
  tasks: readonly EndpointTask[],
  nodes: readonly string[] = ['n1'],
): EndpointsObject {
  return {
    kind: 'endpoints',
    id: 'endpoints-net1',
    version,
    networkId: 'net1',
    nodes: nodes.map((nodeId) => ({ nodeId, address: '10.90.0.1', addresses: [], mac: '', tunnel: null })),
    tasks,
    services: [{ serviceId: 's', service: 'web', virtualAddresses: ['172.30.0.200'] }],
    encryption: null,
  };
}

/** As it comes to a node. */
function sent(before: EndpointsObject, after: EndpointsObject): EndpointsObject | null {
  const change = endpointsChange(before, after);
  return change === null ? null : applyEndpointsChange(before, JSON.parse(JSON.stringify(change)) as typeof change);
}

const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const before = endpoints(
  7,
  numbers.map((number) => task(number)),
);

describe('the difference between two states of who is on a network', () => {
  it('says only what is another, new or gone, and leads to what is now', () => {
    const tasks = numbers.slice(1).map((number) => task(number, number !== 4));
    const after = endpoints(8, [...tasks, task(11)]);
    const change = endpointsChange(before, after);
    assert.deepEqual(
      change?.tasks.upserts.map(({ taskId }) => taskId),
      ['t4', 't11'],
    );
    assert.deepEqual(change?.tasks.removals, ['t1']);
    assert.deepEqual(
      [change?.nodes, change?.services],
      [
        { upserts: [], removals: [] },
        { upserts: [], removals: [] },
      ],
    );
    assert.deepEqual(sent(before, after), after);
  });

  it('is about nodes, services and keys as well', () => {
    const joined = endpoints(9, before.tasks, ['n1', 'n2']);
    assert.deepEqual(sent(before, joined), joined);
    assert.deepEqual(sent(joined, { ...before, version: 10 }), { ...before, version: 10 });
    const served = { ...before, version: 11, services: [] };
    assert.deepEqual(sent(before, served), served);
    const encrypted = { ...before, version: 12, encryption: { generation: 2, keys: [{ generation: 2, key: 'a' }] } };
    assert.deepEqual(sent(before, encrypted), encrypted);
  });

  it('is left to the whole where that says it as shortly', () => {
    assert.equal(
      endpointsChange(
        before,
        endpoints(
          8,
          numbers.map((number) => task(number, false)),
        ),
      ),
      null,
    );
    assert.equal(endpointsChange(endpoints(1, []), endpoints(2, [], ['n2'])), null);
  });

  it('is of no use to who has something else', () => {
    const change = endpointsChange(before, endpoints(8, before.tasks.slice(1)));
    assert.ok(change !== null);
    assert.equal(applyEndpointsChange({ ...before, version: 6 }, change), null);
  });

  it('leads from any state to any other', () => {
    let random = 17;
    const next = (limit: number): number => (random = (random * 48271) % 2147483647) % limit;
    const some = (version: number): EndpointsObject => {
      const tasks = numbers.filter(() => next(4) > 0).map((number) => task(number, next(4) > 0));
      return endpoints(
        version,
        tasks,
        ['n1', 'n2', 'n3'].filter(() => next(3) > 0),
      );
    };
    const rows = ({ nodes, tasks }: EndpointsObject): unknown => [
      nodes.toSorted((a, b) => a.nodeId.localeCompare(b.nodeId)),
      tasks.toSorted((a, b) => a.taskId.localeCompare(b.taskId)),
    ];
    let changes = 0;
    for (let [state, version] = [some(1), 2]; version < 200; version += 1) {
      const after = some(version);
      const result = sent(state, after);
      if (result !== null) assert.deepEqual(rows(result), rows(after));
      changes += result === null ? 0 : 1;
      state = result ?? after;
    }
    assert.ok(changes > 10, `${changes}`);
  });
});
