/** Loop: deletes objects that nobody needs any more: tasks that never got to a node, networks after their last container, the stack last. */
import type { NetworkObject, StackObject, TaskObject, VolumeObject } from '../../../model/objects.ts';
import type { Reconciler } from '../../loops/reconcile-loop.ts';
import { put, remove, subjectOf, type Change, type ObjectChange } from '../../store/change.ts';
import { stackOf, type StoreView } from '../../store/object-index.ts';
import { volumesOf } from '../../scheduler/volumes-of.ts';

/** Keys are names of stacks. */
export const reaper: Reconciler<string> = { name: 'reaper', concerns, everything, reconcile };

/** Only what goes away, or is meant to, can make something else unneeded. */
function concerns(change: ObjectChange): readonly string[] {
  const object = subjectOf(change);
  const stack = stackOf(object);
  const isNews =
    change.after === null ||
    object.kind === 'stack' ||
    (object.kind === 'volume' && object.removing) ||
    (object.kind === 'task' && object.desired === 'remove');
  return stack !== null && isNews ? [stack] : [];
}

function everything(view: StoreView): readonly string[] {
  return [...new Set([...view.all('stack').map(({ name }) => name), ...view.all('task').map(({ stack }) => stack)])];
}

function reconcile(view: StoreView, stacks: ReadonlySet<string>): readonly Change[] {
  return [...stacks].flatMap((stack) => reapStack(view, stack));
}

function reapStack(view: StoreView, name: string): readonly Change[] {
  const neverPlaced = unplaced(view, name).map(remove);
  const stack = view.ofStack('stack', name)[0];
  const isGone = stack?.removing === true && !view.hasTasks(name);
  if (isGone) return [...neverPlaced, ...reapWholeStack(view, stack)];
  return [...neverPlaced, ...reapOldNetworks(view, name), ...reapOldVolumes(view, name)];
}

/** Tasks that go without having been anywhere. */
function unplaced(view: StoreView, stack: string): readonly TaskObject[] {
  const waiting = [...view.waitingTasks('new'), ...view.waitingTasks('pending')];
  return waiting.filter((task) => task.stack === stack && task.desired === 'remove');
}

/** A volume that is made anew exists twice until the last container that uses the old content is gone; the next ones are not placed before. */
function reapOldVolumes(view: StoreView, stack: string): readonly Change[] {
  const doomed = view.ofStack('volume', stack).filter(({ removing }) => removing);
  if (doomed.length === 0) return [];
  const placed = view.all('task').filter(({ nodeId }) => nodeId !== null);
  const used = new Set(placed.flatMap((task) => volumesOf(view, task).map(({ name }) => name)));
  return doomed.filter(({ name }) => !used.has(name)).map(remove);
}

/** A changed network exists twice until the last container has left the old one. */
function reapOldNetworks(view: StoreView, stack: string): readonly Change[] {
  const networks = view.ofStack('network', stack);
  return networks
    .filter((network, index) => networks.slice(index + 1).some(({ key }) => key === network.key))
    .filter((network) => !isUsed(view, network))
    .map(remove);
}

function reapWholeStack(view: StoreView, stack: StackObject): readonly Change[] {
  const payloads = [...view.ofStack('secret', stack.name), ...view.ofStack('config', stack.name)];
  return [
    ...view.ofStack('network', stack.name).map((network) => removeOrDetach(network, isUsed(view, network))),
    ...view.ofStack('volume', stack.name).flatMap((volume) => reapVolume(view, stack, volume)),
    ...payloads.map(remove),
    ...view.ofStack('service', stack.name).map(remove),
    remove(stack),
  ];
}

/** Another stack's containers may be on a network or use a volume; then it stays, and belongs to nobody. */
function removeOrDetach<Thing extends NetworkObject | VolumeObject>(thing: Thing, isUsedElsewhere: boolean): Change {
  return isUsedElsewhere ? put({ ...thing, stack: null }) : remove(thing);
}

/** Named volumes stay with the stack's name, so that the next `up` finds them, unless they were asked away; references to others' volumes go. */
function reapVolume(view: StoreView, stack: StackObject, volume: VolumeObject): readonly Change[] {
  if (volume.anonymousOf !== null) return [];
  if (volume.spec.external || volume.removing) return [remove(volume)];
  if (!stack.removeVolumes) return [];
  const isReferredTo = view
    .named('volume', volume.name)
    .some(({ id, stack: owner }) => id !== volume.id && owner !== stack.name);
  return [removeOrDetach(volume, isReferredTo)];
}

function isUsed(view: StoreView, network: NetworkObject): boolean {
  return view.tasksOfNetwork(network.id).length > 0;
}
