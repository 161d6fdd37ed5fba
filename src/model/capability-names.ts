/** Names of capabilities, as files spell them: with or without `CAP_`, in any case, and `ALL`. */

/** Every capability of Linux, in the order of their numbers (include/uapi/linux/capability.h). */
export const linuxCapabilities: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST ' +
  'NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE ' +
  'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM ' +
  'BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** True for one that Linux has, and for `ALL`. */
export function isCapability(given: string): boolean {
  const name = capabilityName(given);
  return name === 'ALL' || linuxCapabilities.includes(name);
}

/** The one spelling: `CAP_NET_ADMIN`, or `ALL`. */
export function capabilityName(given: string): string {
  const upper = given.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}
