import type { UpdateSpec } from '../../model/deploy-spec.ts';
import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import type { StoreView } from '../store/object-index.ts';
import { ownerServices } from '../tasks/shared-tasks.ts';

/** How the containers of a changed service are replaced. */
export interface UpdateManner {
  /** Slot by slot, as `update_config` says; else all at once, stop-first. */
  readonly isRolled: boolean;
  /** What the plan says of it. */
  readonly notes: readonly string[];
}

export interface UpdateCircumstances {
  readonly view: StoreView;
  readonly spec: StackSpec;
  readonly service: ServiceSpec;
  /** A volume that it mounts is made anew. */
  readonly isVolumeReplaced: boolean;
  /** False with `--no-start`: what is only created cannot take over from what runs. */
  readonly isStarted: boolean;
}

/** What stands in the way of one after the other is said, not passed over. */
export function updateManner(on: UpdateCircumstances): UpdateManner {
  const { update } = on.service.deploy;
  if (update === null || on.service.deploy.mode.endsWith('-job')) return { isRolled: false, notes: [] };
  const obstacle = obstacleOf(on);
  if (obstacle !== null) return { isRolled: false, notes: [`all at once in spite of update_config: ${obstacle}`] };
  return { isRolled: true, notes: [describe(update)] };
}

function obstacleOf({ view, spec, service, isVolumeReplaced, isStarted }: UpdateCircumstances): string | null {
  if (!isStarted) return 'nothing is started';
  if (isVolumeReplaced) return 'a volume is made anew, which has to wait for the last container that uses it';
  const owners = ownerServices(service, spec.name, view);
  if (owners.length > 0) return `it shares namespaces or volumes with ${owners[0]}`;
  const sharer = Object.values(spec.services).find((other) =>
    ownerServices(other, spec.name, view).includes(service.name),
  );
  return sharer === undefined ? null : `${sharer.name} shares its namespaces or volumes`;
}

/** `update_config: 2 at a time, start-first, 5s apart`. */
function describe({ parallelism, order, delayMs, failureAction }: UpdateSpec): string {
  const count = parallelism === 0 ? 'all at once' : `${parallelism} at a time`;
  const delay = delayMs === 0 ? [] : [`${delayMs / 1000} s apart`];
  const action = { continue: 'goes on after failures', pause: 'pauses', rollback: 'rolls back' }[failureAction];
  const failure = failureAction === 'continue' ? action : `${action} after too many failures`;
  return `update_config: ${[count, order, ...delay, failure].join(', ')}`;
}
