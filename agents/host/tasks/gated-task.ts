import type { TaskObject } from '../../../src/model/objects.ts';

/** True while a task comes up beside the one that it replaces: that one serves until this one can. */
export function isGated({ rollout }: Pick<TaskObject, 'rollout'>): boolean {
  return rollout?.order === 'start-first' && rollout.upSince === null;
}
