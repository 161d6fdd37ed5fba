/** Options of the drivers macvlan and ipvlan, by the names that stack files use for them. */
import { isInterfaceName } from './interface-name.ts';

/** The drivers that put containers on the wire of a link of the host, without a bridge. */
export type VlanDriver = 'macvlan' | 'ipvlan';

const modes: Readonly<Record<VlanDriver, readonly string[]>> = {
  macvlan: ['bridge', 'private', 'vepa', 'passthru'],
  ipvlan: ['l2', 'l3', 'l3s'],
};

const parentOption = 'parent';
const mtuOption = 'com.docker.network.driver.mtu';

export function isVlanDriver(driver: string | undefined): driver is VlanDriver {
  return driver === 'macvlan' || driver === 'ipvlan';
}

/** What is wrong with the value of an option: what is expected instead; null when nothing is, undefined when there is no such option. */
export function vlanOptionProblem(driver: VlanDriver, name: string, value: string): string | null | undefined {
  if (name === parentOption) return isInterfaceName(value) ? null : 'an interface name of at most 15 bytes';
  if (name === `${driver}_mode`) return modes[driver].includes(value) ? null : `one of ${modes[driver].join(', ')}`;
  if (name === mtuOption) return /^\d{2,5}$/.test(value) ? null : 'a number of bytes';
  return undefined;
}

/** The options of a network whose values have been checked. */
export function readVlanOptions(
  driver: VlanDriver,
  options: Readonly<Record<string, string>>,
): { readonly parent: string; readonly mode: string; readonly mtu: number | null } {
  const [defaultMode = ''] = modes[driver];
  const mtu = options[mtuOption];
  return {
    parent: options[parentOption] ?? '',
    mode: options[`${driver}_mode`] ?? defaultMode,
    mtu: mtu === undefined ? null : Number(mtu),
  };
}

/** Names of the options of the driver. */
export function vlanOptionNames(driver: VlanDriver): readonly string[] {
  return [parentOption, `${driver}_mode`, mtuOption];
}
