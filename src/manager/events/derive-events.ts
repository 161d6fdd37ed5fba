/** Container events as people know them, from what changed in a task. Pure. */
import type { ContainerStatus, TaskObject } from '../../model/objects.ts';
import type { Event } from '../../rpc/messages.ts';
import type { ObjectChange } from '../store/change.ts';

/** Events of one change; `nowMs` is when it became known. */
export function deriveEvents({ before, after }: ObjectChange, nowMs: number): readonly Event[] {
  const task = after ?? before;
  if (task?.kind !== 'task') return [];
  const old = before?.kind === 'task' ? before.status.container : null;
  if (after === null) return old === null ? [] : [makeEvent(task, 'destroy', nowMs, {})];
  return task.status.container === null ? [] : compare(task, old, task.status.container, nowMs);
}

function compare(task: TaskObject, old: ContainerStatus | null, now: ContainerStatus, nowMs: number): readonly Event[] {
  const events: Event[] = [];
  const add = (action: string, attributes: Readonly<Record<string, string>> = {}): void => {
    events.push(makeEvent(task, action, nowMs, attributes));
  };
  const hasStarted = now.startedAt !== null && now.startedAt !== old?.startedAt;
  const hasDied = now.finishedAt !== null && now.finishedAt !== old?.finishedAt;
  if (old === null) add('create');
  if (hasStarted && !hasDied) addStart(old, now, add);
  if (hasStarted && hasDied) add('start');
  if (hasDied) addDeath(task, now, add);
  if (now.phase === 'paused' && old?.phase !== 'paused') add('pause');
  if (now.phase === 'running' && old?.phase === 'paused') add('unpause');
  const health = now.health?.state;
  if (health !== undefined && health !== old?.health?.state && health !== 'starting') add(`health_status: ${health}`);
  return events;
}

type Add = (action: string, attributes?: Readonly<Record<string, string>>) => void;

/** The death before a quick restart may never have been reported on its own. */
function addStart(old: ContainerStatus | null, now: ContainerStatus, add: Add): void {
  const isUnseenDeath = old?.phase === 'running' && now.restartCount > old.restartCount;
  if (isUnseenDeath) add('die');
  add('start');
}

function addDeath(task: TaskObject, now: ContainerStatus, add: Add): void {
  if (now.oomKilled) add('oom');
  add('die', { exitCode: String(now.exitCode ?? '') });
  if (task.desired !== 'running') add('stop');
}

function makeEvent(
  task: TaskObject,
  action: string,
  nowMs: number,
  attributes: Readonly<Record<string, string>>,
): Event {
  const { containerName: name, spec } = task;
  return {
    timeNs: nowMs * 1e6,
    type: 'container',
    action,
    service: task.service,
    id: task.id,
    attributes: { ...spec.container.labels, image: spec.image, name, ...attributes },
  };
}
