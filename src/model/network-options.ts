import { bridgeOptionNames, bridgeOptionProblem } from './bridge-options.ts';
import type { NetworkSpec } from './spec.ts';
import { isVlanDriver, vlanOptionNames, vlanOptionProblem } from './vlan-options.ts';

/** Options of overlays alone. Numbers of tunnels are the manager's to choose: vxlanid_list is none of them. */
const overlayOptions: ReadonlySet<string> = new Set(['encrypted']);

/** Whether what the network's hosts send each other is to be unreadable on the way. As elsewhere in this field, the option says so by being there. */
export function isEncrypted({ driver, driverOptions }: Pick<NetworkSpec, 'driver' | 'driverOptions'>): boolean {
  return driver === 'overlay' && Object.hasOwn(driverOptions, 'encrypted') && driverOptions['encrypted'] !== 'false';
}

/** What is wrong with an option of a network's driver: what is expected instead; null when nothing is, undefined when there is no such option. */
export function networkOptionProblem(driver: string, name: string, value: string): string | null | undefined {
  if (isVlanDriver(driver)) return vlanOptionProblem(driver, name, value);
  return driver === 'overlay' && overlayOptions.has(name) ? null : bridgeOptionProblem(name, value);
}

/** Names of the options of a driver. */
export function networkOptionNames(driver: string): readonly string[] {
  if (isVlanDriver(driver)) return vlanOptionNames(driver);
  return driver === 'overlay' ? [...overlayOptions, ...bridgeOptionNames] : bridgeOptionNames;
}
