/** Options of a service's place in a network (`services.*.networks.*.driver_opts`). */
import { isInterfaceName } from '../../model/interface-name.ts';

const sysctlsOption = 'com.docker.network.endpoint.sysctls';
const interfaceNameOption = 'com.docker.network.endpoint.ifname';

export const endpointOptionNames: readonly string[] = [interfaceNameOption, sysctlsOption];

export interface EndpointOptions {
  readonly interfaceName: string | null;
  readonly sysctls: Readonly<Record<string, string>>;
}

/** `net.ipv4.conf.IFNAME.log_martians=1,…`: IFNAME stands for the interface, whatever its name is. */
const sysctlPattern = /^(net\.\w+\.\w+\.IFNAME\.\w+)=(.*)$/;

/** The options whose values have been checked. */
export function readEndpointOptions(options: Readonly<Record<string, string>>): EndpointOptions {
  const pairs = listOf(options[sysctlsOption]).flatMap((text) => {
    const [, name, value] = sysctlPattern.exec(text) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return { interfaceName: options[interfaceNameOption] ?? null, sysctls: Object.fromEntries(pairs) };
}

/** What is wrong with the value of an option: what is expected instead; null when nothing is, undefined when there is no such option. */
export function endpointOptionProblem(name: string, value: string): string | null | undefined {
  if (name === interfaceNameOption) {
    return isInterfaceName(value) ? null : 'an interface name of at most 15 bytes';
  }
  if (name !== sysctlsOption) return undefined;
  return listOf(value).every((text) => sysctlPattern.test(text))
    ? null
    : 'net.X.Y.IFNAME.SETTING=VALUE, separated by commas';
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
