/** Loop: one container of each global service on every node that suits, as nodes come, go and change. */
import { isGlobal } from '../../../model/deploy-spec.ts';
import type { NodeObject, ServiceObject } from '../../../model/objects.ts';
import type { Reconciler } from '../../loops/reconcile-loop.ts';
import { ChangeSet } from '../../store/change-set.ts';
import type { Change, ObjectChange } from '../../store/change.ts';
import type { StoreView } from '../../store/object-index.ts';
import { carryOut } from '../../tasks/carry-out.ts';
import { slotsOf } from '../../tasks/slots.ts';
import { planService } from '../replicated/plan-service.ts';
import { nodesWith, suitableNodes } from './suitable-nodes.ts';

/** A service by its id, or all of them. */
export const global: Reconciler<string> = { name: 'global', concerns, everything, reconcile };

const allServices = 'all';

/** Services that `up` has written, and nodes of which anything has changed that placement looks at. */
function concerns({ before, after }: ObjectChange): readonly string[] {
  if (after?.kind === 'service') return isGlobal(after.spec) ? [after.id] : [];
  const node = after ?? before;
  if (node?.kind !== 'node') return [];
  const isSame = before?.kind === 'node' && after?.kind === 'node' && isAlike(before, after);
  return isSame ? [] : [allServices];
}

function isAlike(a: NodeObject, b: NodeObject): boolean {
  const keys = ['state', 'availability', 'role', 'labels', 'address', 'description', 'hostname'] as const;
  return keys.every((key) => a[key] === b[key]);
}

function everything(): readonly string[] {
  return [allServices];
}

function reconcile(view: StoreView, ids: ReadonlySet<string>, now: string): readonly Change[] {
  const changes = new ChangeSet(view);
  const services = ids.has(allServices) ? view.all('service') : [...ids].flatMap((id) => view.get('service', id) ?? []);
  for (const service of services) if (isGlobal(service.spec)) settle(changes, service, now);
  return changes.changes;
}

/** Only which nodes have one: what is outdated there is for `up` and its update to deal with. */
function settle(changes: ChangeSet, service: ServiceObject, now: string): void {
  const { spec, specHash, forceCount } = service;
  const tasks = changes.tasksOfService(service.stack, service.name).filter(({ serviceId }) => serviceId === service.id);
  const isIdle = spec.deploy.schedule !== null && slotsOf(tasks, service).every(({ current }) => current.length === 0);
  if (service.suspended || isIdle) return;
  const steps = planService(tasks, {
    replicas: spec.replicas,
    specHash,
    forceCount,
    recreate: 'never',
    isJob: true,
    start: false,
    isNamespaceReplaced: false,
    isVolumeReplaced: false,
    hasImageMoved: () => false,
    nodes: suitableNodes(changes, spec, nodesWith(tasks)),
    maxConcurrent: null,
    isRolled: true,
  });
  carryOut(changes, service, steps, now);
}
