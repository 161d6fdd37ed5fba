import type { ComposeNetwork, ComposeService } from '../compose-types.ts';

type BuiltIn = 'host' | 'none' | 'bridge';

/** Networks of a stack, as far as it matters here. */
export type NetworkDefinitions = Readonly<
  Record<string, Pick<ComposeNetwork, 'driver' | 'external'> & { name?: string }>
>;

/** The networks that every engine has: `driver: host` and `none`, and external ones called host, none and bridge. */
export function builtInNetwork(network: NetworkDefinitions[string] | undefined): BuiltIn | undefined {
  if (network === undefined) return undefined;
  const name = network.external === true ? network.name : network.driver;
  if (name === 'host' || name === 'none') return name;
  return name === 'bridge' && network.external === true ? name : undefined;
}

/** `network_mode` of a service, also where a built-in network stands for it as the only one. */
export function networkModeOf(
  { network_mode: mode, networks: joined }: Pick<ComposeService, 'network_mode' | 'networks'>,
  networks: NetworkDefinitions | undefined,
): string | undefined {
  // What engines call their own bridge.
  if (mode === 'default') return 'bridge';
  if (mode !== undefined) return mode;
  const [key, ...others] = Object.keys(joined ?? {});
  return key === undefined || others.length > 0 ? undefined : builtInNetwork(networks?.[key]);
}
