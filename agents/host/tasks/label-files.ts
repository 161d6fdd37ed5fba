import type { ContainerSpec } from '../../../src/model/spec.ts';
import { hostSharedMemory } from '../containers/mounts.ts';
import { fileLabels, securityLabels } from '../containers/security-labels.ts';
import { TaskError } from '../errors.ts';
import type { Relabelled } from './prepare-mounts.ts';
import type { TaskHost } from './task-host.ts';

/** What a container is given of the host. */
export interface FilesToLabel {
  /** Files that were made for it alone. */
  readonly own: readonly string[];
  /** Directories that it may share with other containers. */
  readonly shared: readonly string[];
  readonly mounted: readonly Relabelled[];
  /** Directories that its root is made of. */
  readonly layers: readonly string[];
}

/** Where programs of the host find their files: with another label there the host would not work any more. */
const systemDirectory =
  /^\/(?:(?:bin|boot|dev|etc|home|lib\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)(?:\/(?:lib|log|bin|share))?)?$/;

/** Gives what a container is to reach the label that its own lets it reach, on hosts with SELinux. */
export async function labelFiles(
  host: Pick<TaskHost, 'label' | 'labelOnce' | 'facts' | 'initPath' | 'paths'>,
  container: ContainerSpec,
  { own, shared, mounted, layers }: FilesToLabel,
): Promise<void> {
  const labels = fileLabels(container, host.facts.limits);
  if (labels === null) return;
  const isConfined = securityLabels(container, host.facts.limits).mountLabel !== undefined;
  const wanted = (kind: Relabelled['relabel']): readonly string[] =>
    mounted.filter(({ relabel }) => relabel === kind).map(({ path }) => path);
  for (const path of [...wanted('shared'), ...wanted('private')]) refuseSystemDirectory(path);
  const ofAll = [
    ...wanted('shared'),
    ...(isConfined ? [...wanted('volume'), ...shared.filter((path) => path !== hostSharedMemory)] : []),
    ...(isConfined && container.init ? [host.initPath] : []),
  ];
  const ofOne = [...wanted('private'), ...(isConfined ? own : [])];
  // What is mapped from a root of layers is checked by the label that it has in its layer, not by that of the root. Directories that are
  // used as images (rootfs://) are for their owners to label.
  const ours = layers.filter((path) => path.startsWith(`${host.paths.dataRoot}/`));
  if (isConfined) await host.labelOnce(labels.layers, ours);
  if (ofAll.length > 0) await host.label(labels.shared, ofAll);
  if (ofOne.length > 0) await host.label(labels.own, ofOne);
}

function refuseSystemDirectory(path: string): void {
  const plain = path.replace(/(?<=.)\/+$/, '');
  if (!systemDirectory.test(plain)) return;
  throw new TaskError('invalid', `volumes: ${path} belongs to the system and gets no label of containers`, {
    hint: 'leave out z or Z and write `security_opt: ["label=disable"]`, or mount a directory of your own',
  });
}
