import { containerSpec, deploySpec, namespacesSpec } from '../../../fixtures/specs.ts';
import { newTaskStatus } from '../../../../src/model/new-status.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import type { NetworkObject, TaskObject, TaskStatus } from '../../../../src/model/objects.ts';
import type { ImageDefaults } from '../../../../agents/host/containers/image-defaults.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';
import { networkObject as defaultNetwork, taskObject as runningTask } from '../../../fixtures/objects.ts';

export { containerSpec };

export function serviceSpec(change: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: 'web',
    image: 'example:1',
    pullPolicy: 'missing',
    replicas: 1,
    containerName: null,
    container: containerSpec(),
    networkMode: { kind: 'networks' },
    namespaces: namespacesSpec(),
    volumesFrom: [],
    networks: [],
    links: [],
    ports: [],
    expose: [],
    dependsOn: {},
    restart: { policy: 'no', maxRetries: 0, supervision: null },
    hooks: { preStart: [], postStart: [], preStop: [] },
    attach: true,
    deploy: deploySpec(),
    serviceLabels: {},
    ...change,
  };
}

export function imageDefaults(change: Partial<ImageDefaults> = {}): ImageDefaults {
  return {
    entrypoint: [],
    command: ['serve'],
    environment: [],
    workingDir: '',
    user: '',
    volumes: [],
    stopSignal: null,
    healthcheck: null,
    ...change,
  };
}

export const assignedStatus: TaskStatus = { ...newTaskStatus('2026-01-01T00:00:00Z'), state: 'assigned' };

/** A task of stack shop that was given to its node. */
export function taskObject(change: Partial<TaskObject> = {}): TaskObject {
  return runningTask('web', {
    id: 'a'.repeat(64),
    stack: 'shop',
    serviceId: 'b'.repeat(64),
    nodeId: 'c'.repeat(64),
    containerName: 'shop-web-1',
    spec: serviceSpec(),
    specHash: '',
    status: assignedStatus,
    ...change,
  });
}

/** The default network of stack shop. */
export function networkObject(change: Partial<NetworkObject> = {}): NetworkObject {
  return defaultNetwork({
    id: 'd'.repeat(64),
    stack: 'shop',
    name: 'shop_default',
    spec: networkSpec('shop_default'),
    pools: [{ subnet: '172.30.0.0/24', gateway: '172.30.0.1' }],
    bridge: 'ts-0123456789',
    ...change,
  });
}

/** Of a host about which its operator says nothing. */
export const noFacts = { genericResources: {}, engineLabels: {}, systemReserve: { cpus: 0, memoryBytes: 0 } } as const;
