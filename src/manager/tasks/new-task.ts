import type { OneOffSpec, ServiceObject, SharedTasks, TaskObject } from '../../model/objects.ts';
import { newTaskStatus } from '../../model/new-status.ts';
import type { ServiceSpec } from '../../model/spec.ts';

export interface NewTask {
  readonly id: string;
  /** RFC 3339. */
  readonly now: string;
  readonly stack: string;
  readonly service: Pick<ServiceObject, 'id' | 'specHash' | 'forceCount'>;
  readonly spec: ServiceSpec;
  readonly slot: number;
  readonly containerName: string;
  readonly oneOff: OneOffSpec | null;
  readonly hookOf: TaskObject['hookOf'];
  readonly pinnedNode?: string | null;
  readonly rollout?: TaskObject['rollout'];
  readonly preparedOn?: TaskObject['preparedOn'];
  readonly history?: TaskObject['history'];
  readonly sharedTasks: SharedTasks;
}

/** A task that is wanted to be created and not yet to run. */
export function newTask({ service, now, ...task }: NewTask): TaskObject {
  return {
    pinnedNode: null,
    rollout: null,
    preparedOn: null,
    history: [],
    ...task,
    kind: 'task',
    version: 0,
    createdAt: now,
    updatedAt: now,
    service: task.spec.name,
    serviceId: service.id,
    specHash: service.specHash,
    forceCount: service.forceCount,
    nodeId: null,
    desired: 'ready',
    gate: null,
    preStart: null,
    successor: null,
    desiredRun: 1,
    runReason: 'start',
    stopGraceMs: null,
    removeVolumes: false,
    genericResources: {},
    attachments: [],
    status: newTaskStatus(now),
  };
}
