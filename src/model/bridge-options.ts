/** Options of a network's driver, by the names that stack files use for them. */
import { isIPv4 } from 'node:net';
import { isInterfaceName } from './interface-name.ts';

/** How one family of a network meets the world: `nat` (default); `nat-unprotected`: also without published ports; `routed`: without translation; `isolated`: the host has no address. */
type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** The options with their defaults. */
export interface BridgeOptions {
  /** Null = chosen by tsstack. */
  readonly bridgeName: string | null;
  /** Whether containers of the network reach each other. */
  readonly interContainer: boolean;
  readonly masquerade: boolean;
  /** Address of the host for ports that name none; null = all. */
  readonly hostBinding: string | null;
  /** Null = that of the host's way out. */
  readonly mtu: number | null;
  readonly interfacePrefix: string;
  /** Whether the bridge itself gets its IPv4 address. */
  readonly hasIpv4Gateway: boolean;
  readonly gatewayMode: { readonly 4: GatewayMode; readonly 6: GatewayMode };
}

const booleans: Readonly<Record<string, boolean>> = {
  '1': true,
  t: true,
  true: true,
  '0': false,
  f: false,
  false: false,
};
const gatewayModes: readonly string[] = ['nat', 'nat-unprotected', 'routed', 'isolated'] satisfies GatewayMode[];

const isBoolean = (value: string): boolean => Object.hasOwn(booleans, value.toLowerCase());

interface Option {
  readonly isValid: (value: string) => boolean;
  readonly expected: string;
}

const aBoolean: Option = { isValid: isBoolean, expected: 'true or false' };
const aMode: Option = {
  isValid: (value) => gatewayModes.includes(value),
  expected: `one of ${gatewayModes.join(', ')}`,
};

const names = {
  bridgeName: 'com.docker.network.bridge.name',
  interContainer: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  inhibitIpv4: 'com.docker.network.bridge.inhibit_ipv4',
  mode4: 'com.docker.network.bridge.gateway_mode_ipv4',
  mode6: 'com.docker.network.bridge.gateway_mode_ipv6',
  interfacePrefix: 'com.docker.network.container_iface_prefix',
  mtu: 'com.docker.network.driver.mtu',
} as const;

const options: Readonly<Record<string, Option>> = {
  [names.bridgeName]: { isValid: isInterfaceName, expected: 'an interface name of at most 15 bytes' },
  [names.interContainer]: aBoolean,
  [names.masquerade]: aBoolean,
  [names.hostBinding]: { isValid: isIPv4, expected: 'an IPv4 address' },
  [names.inhibitIpv4]: aBoolean,
  [names.mode4]: aMode,
  [names.mode6]: aMode,
  // Room for a number behind it.
  [names.interfacePrefix]: {
    isValid: (value) => /^[a-zA-Z][a-zA-Z_-]{0,11}$/.test(value),
    expected: 'at most 12 letters',
  },
  // The least that the kernel takes for IPv4, and the most.
  [names.mtu]: {
    isValid: (value) => /^\d+$/.test(value) && Number(value) >= 68 && Number(value) <= 65_535,
    expected: 'a number from 68 to 65535',
  },
};

/** Names of all options of a bridge. */
export const bridgeOptionNames: readonly string[] = Object.keys(options);

/** What is wrong with the value of an option: what is expected instead; null when nothing is, undefined when there is no such option. */
export function bridgeOptionProblem(name: string, value: string): string | null | undefined {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) return undefined;
  return option.isValid(value) ? null : option.expected;
}

/** The options of a network whose values have been checked. */
export function readBridgeOptions(driverOptions: Readonly<Record<string, string>>): BridgeOptions {
  const flag = (name: string, fallback: boolean): boolean =>
    booleans[(driverOptions[name] ?? '').toLowerCase()] ?? fallback;
  const mtu = driverOptions[names.mtu];
  const hostBinding = driverOptions[names.hostBinding] ?? null;
  return {
    bridgeName: driverOptions[names.bridgeName] ?? null,
    interContainer: flag(names.interContainer, true),
    masquerade: flag(names.masquerade, true),
    hostBinding: hostBinding === '0.0.0.0' ? null : hostBinding,
    mtu: mtu === undefined ? null : Number(mtu),
    interfacePrefix: driverOptions[names.interfacePrefix] ?? 'eth',
    hasIpv4Gateway: !flag(names.inhibitIpv4, false),
    gatewayMode: { 4: modeOf(driverOptions[names.mode4]), 6: modeOf(driverOptions[names.mode6]) },
  };
}

function modeOf(value: string | undefined): GatewayMode {
  return value === 'nat-unprotected' || value === 'routed' || value === 'isolated' ? value : 'nat';
}
