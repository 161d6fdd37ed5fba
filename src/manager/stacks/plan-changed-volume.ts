/** Volumes whose definition has changed: a volume cannot be changed, only be made anew, and then its content is lost. Pure. */
import type { TaskObject, VolumeObject } from '../../model/objects.ts';
import type { VolumeSpec } from '../../model/spec.ts';
import { ClaimedError } from '../errors.ts';
import { differences } from '../orchestrators/replicated/change-reasons.ts';
import { volumesOf } from '../scheduler/volumes-of.ts';
import type { StoreView } from '../store/object-index.ts';
import { isLeaving } from '../tasks/task-phase.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { ReplaceVolume } from './stack-step.ts';

/** What becomes of a volume: as it is wanted, made anew, or kept as it is for lack of a yes. */
export type VolumeVerdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'replace' | 'ask'; readonly step: ReplaceVolume }
  | { readonly kind: 'keep'; readonly warning: string };

/** Content is only lost when that was agreed to; then the containers that use it have to be among those that are replaced. */
export function planChangedVolume(before: VolumeObject, wanted: VolumeSpec, options: ApplyOptions): VolumeVerdict {
  // A reference to somebody else's volume has nothing of its own that could change.
  const isOurs = !before.spec.external && !wanted.external;
  const reasons = isOurs ? differences(before.spec, wanted) : [];
  if (reasons.length === 0) return { kind: 'same' };
  const step = { type: 'replace-volume', key: before.key, before, reasons } as const;
  const isAgreed = options.changedVolumes === 'recreate' || options.recreateVolumes.includes(before.name);
  // Its containers are to stay as they are, so it has to stay as well.
  if (!options.noRecreate && isAgreed) return { kind: 'replace', step };
  if (!options.noRecreate && options.changedVolumes === 'ask') return { kind: 'ask', step };
  return { kind: 'keep', warning: keptWarning(before.name, reasons) };
}

function keptWarning(name: string, reasons: readonly string[]): string {
  return `volume ${name} is kept as it is, because its content would be lost, though the file has changed (${reasons.join(', ')}); \`up -y\` makes it anew`;
}

/** Throws ClaimedError when a container that stays uses the volume. */
export function checkVolumeUsers(view: StoreView, { name }: VolumeObject, goes: (task: TaskObject) => boolean): void {
  const user = view
    .all('task')
    .filter((task) => task.nodeId !== null && !isLeaving(task) && !goes(task))
    .find((task) => volumesOf(view, task).some((volume) => volume.name === name));
  if (user === undefined) return;
  throw new ClaimedError(`volume ${name} cannot be made anew: container ${user.containerName} uses it`, {
    hint: 'name its service as well, or remove the container first',
  });
}
