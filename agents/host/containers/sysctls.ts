import { isIpcSetting, isNetworkSetting } from '../../../src/model/sysctl-names.ts';
import { TaskError } from '../errors.ts';

/** Refuses settings that would change the whole machine instead of the container. */
export function checkSysctls(
  sysctls: Readonly<Record<string, string>>,
  ofHost: { readonly network: boolean; readonly ipc: boolean },
): Readonly<Record<string, string>> {
  for (const name of Object.keys(sysctls)) {
    if (isIpcSetting(name)) {
      if (ofHost.ipc)
        throw new TaskError('invalid', `sysctls: ${name} cannot be set with ipc host, it would change the host`);
      continue;
    }
    // Name spaces of the host's and domain's name are the container's too, but are set by `hostname` and `domainname`.
    if (!isNetworkSetting(name)) throw new TaskError('invalid', `sysctls: ${name} is not a setting of one container`);
    if (ofHost.network) {
      throw new TaskError('invalid', `sysctls: ${name} cannot be set with network_mode host, it would change the host`);
    }
  }
  return sysctls;
}
