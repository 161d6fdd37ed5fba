/** The status of an update from its begin to its end. */
import { defaultUpdate, type UpdateSpec } from '../../../model/deploy-spec.ts';
import type { ServiceObject, UpdateState, UpdateStatus } from '../../../model/objects.ts';

/** True while slots are still being replaced. */
export function isUnderWay(update: UpdateStatus | null): update is UpdateStatus {
  return update?.state === 'updating' || update?.state === 'rollback_started';
}

/** A new update of that many slots; `now` is in RFC 3339. */
export function beginUpdate(config: UpdateSpec, total: number, now: string): UpdateStatus {
  const begun = { message: `0 of ${total} replaced`, startedAt: now, completedAt: null, config, total };
  return { state: 'updating', ...begun, failedSlots: [] };
}

/** How containers of a service move that has no `update_config`: all at once; one whose new place fails stays where it is. */
export function moveConfig({ deploy }: ServiceObject['spec']): UpdateSpec {
  return deploy.update ?? { ...defaultUpdate, parallelism: 0, failureAction: 'continue' };
}

/** Goes back to what was before; `message` says why. */
export function beginRollback(config: UpdateSpec, total: number, now: string, message: string): UpdateStatus {
  return { ...beginUpdate(config, total, now), state: 'rollback_started', message };
}

/** How a service is rolled back; null = all containers at once, as services without `update_config` are changed. */
export function rollbackConfig({ spec: { deploy } }: Pick<ServiceObject, 'spec'>): UpdateSpec | null {
  return deploy.rollback ?? (deploy.update === null ? null : defaultUpdate);
}

const ends: Readonly<Record<'paused' | 'completed', (state: UpdateState) => UpdateState>> = {
  paused: (state) => (state === 'rollback_started' ? 'rollback_paused' : 'paused'),
  completed: (state) => (state === 'rollback_started' ? 'rollback_completed' : 'completed'),
};

/** Nothing more is replaced, well or badly. */
export function endUpdate(update: UpdateStatus, end: keyof typeof ends, now: string, message: string): UpdateStatus {
  return { ...update, state: ends[end](update.state), message, completedAt: now };
}
