import { TaskError } from '../errors.ts';

/** Kernel settings that belong to the container's own IPC namespace; everything below `net.` belongs to its network namespace. */
const ipcSettings: ReadonlySet<string> = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(
    ' ',
  ),
);

/** Refuses settings that would change the whole machine instead of the container. */
export function checkSysctls(
  sysctls: Readonly<Record<string, string>>,
  ofHost: { readonly network: boolean; readonly ipc: boolean },
): Readonly<Record<string, string>> {
  for (const name of Object.keys(sysctls)) {
    if (ipcSettings.has(name) || name.startsWith('fs.mqueue.')) {
      if (ofHost.ipc)
        throw new TaskError('invalid', `sysctls: ${name} cannot be set with ipc host, it would change the host`);
      continue;
    }
    // Name spaces of the host's and domain's name are the container's too, but are set by `hostname` and `domainname`.
    if (!name.startsWith('net.')) throw new TaskError('invalid', `sysctls: ${name} is not a setting of one container`);
    if (ofHost.network) {
      throw new TaskError('invalid', `sysctls: ${name} cannot be set with network_mode host, it would change the host`);
    }
  }
  return sysctls;
}
