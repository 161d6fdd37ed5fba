/** Paths that show or change the whole machine, hidden in containers that are not privileged (semantics.md, section 7). */
export function maskedPaths(cpus: number): readonly string[] {
  return [...hidden, ...Array.from({ length: cpus }, (_, cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`)];
}

const hidden: readonly string[] = [
  ...'acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats'
    .split(' ')
    .map((name) => `/proc/${name}`),
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

/** Paths that can be read but not written in containers that are not privileged. */
export const readonlyPaths: readonly string[] = 'bus fs irq sys sysrq-trigger'
  .split(' ')
  .map((name) => `/proc/${name}`);
