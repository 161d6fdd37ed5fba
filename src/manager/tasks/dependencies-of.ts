import type { DependencySpec, ServiceSpec } from '../../model/spec.ts';
import { namespaceOwners } from './shared-tasks.ts';

/** Whoever shares a container's namespaces needs that container, and follows it when it is restarted. */
const sharedNamespace: DependencySpec = { condition: 'service_started', restart: true, required: true };

/** Services that this one depends on: those of depends_on and the owners of its namespaces. */
export function dependenciesOf(spec: ServiceSpec): Readonly<Record<string, DependencySpec>> {
  let found = known.get(spec);
  if (found === undefined) known.set(spec, (found = findDependencies(spec)));
  return found;
}

/** Specs never change, and the tasks of a service share theirs. */
const known = new WeakMap<ServiceSpec, Readonly<Record<string, DependencySpec>>>();

function findDependencies(spec: ServiceSpec): Readonly<Record<string, DependencySpec>> {
  const owners = namespaceOwners(spec).flatMap(([, owner]) => (owner.kind === 'service' ? [owner.service] : []));
  return { ...Object.fromEntries(owners.map((name) => [name, sharedNamespace])), ...spec.dependsOn };
}

/** The services, and everything that they depend on, directly or not; names that `services` lacks are left out. */
export function withDependencies(
  names: readonly string[],
  services: Readonly<Record<string, ServiceSpec>>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const spec = services[name];
    if (spec === undefined || found.has(name)) return;
    found.add(name);
    Object.keys(dependenciesOf(spec)).forEach(visit);
  };
  names.forEach(visit);
  return found;
}

/** The services, and everything that depends on them, directly or not. */
export function withDependants(
  names: readonly string[],
  services: Readonly<Record<string, ServiceSpec>>,
): ReadonlySet<string> {
  const found = new Set(names);
  // A service added here may have dependants that were looked at before; a dependency cycle cannot get past the stack file's check.
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [name, spec] of Object.entries(services)) {
      if (Object.keys(dependenciesOf(spec)).some((dependency) => found.has(dependency))) found.add(name);
    }
  }
  return found;
}

/** Names of services, dependencies before their dependants, otherwise in the order given. */
export function inDependencyOrder(services: Readonly<Record<string, ServiceSpec>>): readonly string[] {
  const ordered = new Set<string>();
  const entered = new Set<string>();
  const visit = (name: string): void => {
    const spec = services[name];
    if (spec === undefined || entered.has(name)) return;
    entered.add(name);
    Object.keys(dependenciesOf(spec)).forEach(visit);
    ordered.add(name);
  };
  Object.keys(services).forEach(visit);
  return [...ordered];
}
