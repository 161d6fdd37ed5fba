/** How far the hooks inside a container have got. Pure. */
import type { HookStatus } from '../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../src/model/spec.ts';
import { observedStateNumbers } from '../../../src/model/states.ts';
import type { TaskRecord } from './task-record.ts';

/** At the beginning of a run; null when nothing follows its start. */
export function firstHook({ hooks }: ServiceSpec): HookStatus | null {
  if (hooks.postStart.length === 0) return null;
  return { event: 'post_start', state: 'running', index: 0, message: '', output: '' };
}

/** What the record knows: a run that has not been seen running has its hooks before it. */
export function knownHook({ task, status }: TaskRecord): HookStatus | null {
  const known = status.container?.hook ?? null;
  if (known !== null) return known;
  return observedStateNumbers[status.state] < observedStateNumbers.running ? firstHook(task.spec) : null;
}

/** When the container has ended: a hook that was to follow the start comes to nothing. */
export function missedHook(hook: HookStatus | null, service: string): HookStatus | null {
  if (hook?.event !== 'post_start' || hook.state !== 'running') return hook;
  return { ...hook, state: 'failed', message: `${service} hook did not come to its end: the container has ended` };
}
