import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import { NotFoundError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';
import { containerNameOf } from '../tasks/container-name.ts';
import { namespaceOwners, sharingAttributes } from '../tasks/shared-tasks.ts';
import { isLeaving } from '../tasks/task-phase.ts';

/** Throws NotFoundError when a service shares a namespace with a container that neither is there nor will be made. */
export function checkSharedContainers(view: StoreView, spec: StackSpec, selected: ReadonlySet<string>): void {
  for (const service of Object.values(spec.services).filter(({ name }) => selected.has(name))) {
    for (const [kind, owner] of namespaceOwners(service)) {
      if (owner.kind === 'service' || isKnownContainer(view, spec, owner.container)) continue;
      const attribute = `${sharingAttributes[kind]}: container:${owner.container}`;
      throw new NotFoundError(`service ${service.name}: ${attribute}: there is no container ${owner.container}`, {
        hint: 'name one that "tsstack ps -a" lists, or write service:NAME for a service of the stack',
      });
    }
    checkVolumeOwners(view, spec, service, selected);
  }
}

/** Whether there is such a container, or will be one of the stack. */
export function isKnownContainer(view: StoreView, { name: stack, services }: StackSpec, container: string): boolean {
  const isThere = view.named('task', container).some((task) => !isLeaving(task));
  return isThere || Object.values(services).some((service) => willBeMade(stack, service, container));
}

function willBeMade(stack: string, service: StackSpec['services'][string], container: string): boolean {
  return Array.from({ length: service.replicas }, (_, index) => containerNameOf(stack, service, index + 1)).includes(
    container,
  );
}

/** With `--no-deps` a service whose volumes are wanted may have no container either. */
function checkVolumeOwners(
  view: StoreView,
  spec: StackSpec,
  { name, volumesFrom }: ServiceSpec,
  selected: ReadonlySet<string>,
): void {
  for (const [index, owner] of volumesFrom.entries()) {
    const isThere =
      owner.kind === 'container'
        ? isKnownContainer(view, spec, owner.container)
        : selected.has(owner.service) ||
          view.ofStack('task', spec.name).some((task) => task.service === owner.service && !isLeaving(task));
    if (isThere) continue;
    const whose = owner.kind === 'container' ? `no container ${owner.container}` : `no container of ${owner.service}`;
    throw new NotFoundError(`service ${name}: volumes_from: there is ${whose}`, {
      hint:
        owner.kind === 'container'
          ? 'name one that "tsstack ps -a" lists'
          : `bring it up first, with \`tsstack up ${owner.service}\``,
      keys: ['services', name, 'volumes_from', String(index)],
    });
  }
}
