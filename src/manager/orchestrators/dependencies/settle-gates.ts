/** Opens every gate whose time has come, and notes at the others what they wait for. Pure. */
import type { TaskGate, TaskObject } from '../../../model/objects.ts';
import { evaluateGate } from './evaluate-gate.ts';
import type { TasksByService } from './obstacle.ts';

/** `tasks` are all tasks of one stack; returns those that change. */
export function settleGates(tasks: readonly TaskObject[]): readonly TaskObject[] {
  const current = new Map(tasks.map((task) => [task.id, task]));
  const changed = new Map<string, TaskObject>();
  // What opens may open the next: a task that was never started counts as ended at once. Each round opens one gate or is the last.
  for (let hasOpened = tasks.some(({ gate }) => gate !== null); hasOpened;) {
    hasOpened = false;
    const byService = groupByService([...current.values()]);
    for (const task of current.values()) {
      const next = settle(task, byService);
      if (next === task) continue;
      hasOpened ||= next.gate === null;
      current.set(task.id, next);
      changed.set(task.id, next);
    }
  }
  return [...changed.values()];
}

/** The task itself when nothing changes. */
function settle(task: TaskObject, tasks: TasksByService): TaskObject {
  if (task.gate === null) return task;
  const obstacle = evaluateGate(task, task.gate, tasks);
  if (obstacle === null) return open(task, task.gate);
  if (obstacle.message === task.gate.message && obstacle.failed === task.gate.failed) return task;
  return { ...task, gate: { ...task.gate, ...obstacle } };
}

function open(task: TaskObject, gate: TaskGate): TaskObject {
  const desiredRun = gate.next === 'running' ? gate.run : task.desiredRun;
  return { ...task, desired: gate.next, desiredRun, gate: null, preStart: null };
}

/** Tasks of one stack by service. */
export function groupByService(tasks: readonly TaskObject[]): TasksByService {
  const groups = new Map<string, TaskObject[]>();
  for (const task of tasks) {
    const group = groups.get(task.service);
    if (group === undefined) groups.set(task.service, [task]);
    else group.push(task);
  }
  return groups;
}
