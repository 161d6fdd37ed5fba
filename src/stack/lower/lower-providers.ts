import type { ProviderSpec } from '../../model/provider-spec.ts';
import type { ComposeProject } from '../compose-types.ts';

/** The services of a project that programs stand in for. */
export function lowerProviders({ services }: Pick<ComposeProject, 'services'>): Record<string, ProviderSpec> {
  return Object.fromEntries(
    Object.entries(services).flatMap(([name, { provider }]) => {
      if (provider === undefined) return [];
      const spec: ProviderSpec = {
        type: provider.type,
        options: provider.options ?? {},
        after: [...dependenciesOf(name, services)].filter((other) => services[other]?.provider !== undefined),
        dependants: Object.keys(services).filter((other) => Object.hasOwn(services[other]?.depends_on ?? {}, name)),
        variables: null,
      };
      return [[name, spec] as const];
    }),
  );
}

/** Through whomever. */
function dependenciesOf(
  name: string,
  services: ComposeProject['services'],
  found = new Set<string>(),
): ReadonlySet<string> {
  for (const next of Object.keys(services[name]?.depends_on ?? {})) {
    if (found.has(next)) continue;
    found.add(next);
    dependenciesOf(next, services, found);
  }
  return found;
}
