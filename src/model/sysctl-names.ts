const ipcSettings: ReadonlySet<string> = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(
    ' ',
  ),
);

/** Whether a kernel setting belongs to the IPC namespace of a container. */
export function isIpcSetting(name: string): boolean {
  return ipcSettings.has(name) || name.startsWith('fs.mqueue.');
}

/** Whether a kernel setting belongs to the network namespace of a container. */
export function isNetworkSetting(name: string): boolean {
  return name.startsWith('net.');
}
