import assert from 'node:assert/strict';
import { destinationsOf } from '../../../../../agents/host/networks/destinations.ts';
import type { PublishedPort } from '../../../../../src/model/objects.ts';

const port: PublishedPort = { protocol: 'tcp', target: 80, hostIp: '0.0.0.0', published: 8080 };

const publication = (id: string, address: string): Parameters<typeof destinationsOf>[0][0] => ({
  id,
  owner: id,
  service: 'web',
  addresses: [address],
  ports: [port],
  open: [],
  shared: [],
});
const server = (
  taskId: string,
  nodeId: string,
  address: string,
  isServing = true,
): Parameters<typeof destinationsOf>[1][0] => ({
  taskId,
  nodeId,
  addresses: [address],
  ports: [port],
  isServing,
});

describe('the destinations of a published port', () => {
  const addresses = (...given: Parameters<typeof destinationsOf>): readonly string[] =>
    destinationsOf(...given).flatMap(({ destinations }) => destinations.map(({ address }) => address));

  it('are the containers of this host where no manager says who serves', () => {
    assert.deepEqual(addresses([publication('a', '10.0.0.1'), publication('b', '10.0.0.2')], [], 'n1'), [
      '10.0.0.1',
      '10.0.0.2',
    ]);
  });

  it('are those that serve, on this host only for as long as it publishes them itself', () => {
    const servers = [
      server('a', 'n1', '10.0.0.1'),
      server('b', 'n2', '10.0.0.2'),
      server('c', 'n2', '10.0.0.3', false),
    ];
    assert.deepEqual(addresses([publication('a', '10.0.0.1')], servers, 'n1'), ['10.0.0.1', '10.0.0.2']);
    assert.deepEqual(addresses([], servers, 'n1'), ['10.0.0.2']);
  });

  it('are none that a manager has not said anything of, while it is being made', () => {
    const servers = [server('b', 'n2', '10.0.0.2')];
    assert.deepEqual(addresses([publication('new', '10.0.0.9')], servers, 'n1'), ['10.0.0.2']);
  });
});
