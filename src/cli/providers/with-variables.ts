import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import type { ProviderVariables } from './call-provider.ts';

/** The stack with further variables in the containers of one service. */
export function withVariables(
  spec: StackSpec,
  service: string,
  variables: Readonly<Record<string, string>>,
): StackSpec {
  const before = spec.services[service];
  if (before === undefined) return spec;
  const environment = { ...before.container.environment, ...variables };
  const after: ServiceSpec = { ...before, container: { ...before.container, environment } };
  return { ...spec, services: { ...spec.services, [service]: after } };
}

/** The stack with what a provider has told, remembered and in the containers of its dependants. */
export function withProvider(spec: StackSpec, name: string, variables: Readonly<Record<string, string>>): StackSpec {
  const provider = spec.providers[name];
  if (provider === undefined) return spec;
  const remembered = { ...spec, providers: { ...spec.providers, [name]: { ...provider, variables } } };
  return provider.dependants.reduce((stack, service) => withVariables(stack, service, variables), remembered);
}

/** Variables by the names that dependants see: `URL` of `database` is `DATABASE_URL` there. */
export function namesForDependants(provider: string, { own, exact }: ProviderVariables): Record<string, string> {
  const prefixed = Object.entries(own).map(([name, value]) => [`${provider.toUpperCase()}_${name}`, value]);
  return { ...(Object.fromEntries(prefixed) as Record<string, string>), ...exact };
}

/** Variables that the file, or another provider, has given a dependant and that change: to be told, as they were asked for by name. */
export function overriddenVariables(
  spec: StackSpec,
  provider: string,
  { exact }: ProviderVariables,
): readonly string[] {
  return (spec.providers[provider]?.dependants ?? []).flatMap((service) => {
    const environment = spec.services[service]?.container.environment ?? {};
    return Object.keys(exact)
      .filter((name) => Object.hasOwn(environment, name) && environment[name] !== exact[name])
      .map((name) => `provider ${provider} overrides the variable ${name} of service ${service}`);
  });
}
