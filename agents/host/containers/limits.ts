import { TaskError } from '../errors.ts';
import type { ContainerSpec, ResourcesSpec } from '../../../src/model/spec.ts';
import { ulimitNames } from '../../../src/model/ulimit-names.ts';
import { buildBlockIo } from './block-io.ts';
import type { OciDeviceRule, OciResources, OciRlimit } from './oci-spec.ts';

/** The kernel's usual scheduling period, 100 ms, in which a quota of CPU time is counted. */
const defaultPeriodUs = 100_000;
/** Smallest quota that the kernel accepts. */
const minQuotaUs = 1000;

/** What the cgroups of this host can do. */
export interface CgroupLimits {
  readonly cgroup: 'v1' | 'hybrid' | 'v2';
  readonly canLimitSwap: boolean;
}

/** cgroup settings. What is null in the file is left out, which leaves the kernel's default: no limit. */
export function buildResources(
  resources: ResourcesSpec,
  devices: readonly OciDeviceRule[],
  host: CgroupLimits,
): OciResources {
  if (host.cgroup === 'v2') refuseOldSettings(resources);
  const memory = memoryOf(resources, host.canLimitSwap);
  const cpu = cpuOf(resources);
  return {
    devices,
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(resources.blockIo === null ? {} : { blockIO: buildBlockIo(resources.blockIo) }),
    ...(resources.pids === null || resources.pids === 0 ? {} : { pids: { limit: resources.pids } }),
  };
}

/** The unified hierarchy has done away with these. */
function refuseOldSettings(resources: ResourcesSpec): void {
  const asked: Readonly<Record<string, boolean>> = {
    mem_swappiness: resources.memorySwappiness !== null,
    oom_kill_disable: resources.oomKillDisable,
    cpu_rt_period: resources.cpuRealtimePeriodUs !== null,
    cpu_rt_runtime: resources.cpuRealtimeRuntimeUs !== null,
  };
  const attribute = Object.keys(asked).find((name) => asked[name]);
  if (attribute === undefined) return;
  throw new TaskError('unsupported', `${attribute}: this host has cgroup v2, which has no such setting`, {
    hint: `leave ${attribute} out, or run the service on a host with cgroup v1`,
  });
}

function memoryOf(resources: ResourcesSpec, canLimitSwap: boolean): NonNullable<OciResources['memory']> {
  const { memoryBytes, memoryReservationBytes, memorySwapBytes, memorySwappiness, oomKillDisable } = resources;
  // As in this field: with a limit and nothing said about swap, as much swap again as memory.
  const swap = memorySwapBytes ?? (memoryBytes === null ? null : 2 * memoryBytes);
  return {
    ...(memoryBytes === null ? {} : { limit: memoryBytes }),
    ...(memoryReservationBytes === null ? {} : { reservation: memoryReservationBytes }),
    ...(swap === null || !canLimitSwap ? {} : { swap }),
    ...(memorySwappiness === null ? {} : { swappiness: memorySwappiness }),
    ...(oomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

function cpuOf(resources: ResourcesSpec): NonNullable<OciResources['cpu']> {
  const { cpus, cpuset, cpuShares, cpuPeriodUs, cpuQuotaUs, cpuRealtimePeriodUs, cpuRealtimeRuntimeUs } = resources;
  const period = cpuPeriodUs ?? (cpus === null ? null : defaultPeriodUs);
  const quota =
    cpuQuotaUs ?? (cpus === null ? null : Math.max(minQuotaUs, Math.round(cpus * (period ?? defaultPeriodUs))));
  return {
    ...(cpuShares === null ? {} : { shares: cpuShares }),
    ...(quota === null ? {} : { quota }),
    ...(period === null ? {} : { period }),
    ...(cpuset === null ? {} : { cpus: cpuset }),
    ...(cpuRealtimePeriodUs === null ? {} : { realtimePeriod: cpuRealtimePeriodUs }),
    ...(cpuRealtimeRuntimeUs === null ? {} : { realtimeRuntime: cpuRealtimeRuntimeUs }),
  };
}

/** Process limits; -1 is no limit. `hardLimits` are the daemon's own, which it may exceed only with CAP_SYS_RESOURCE. */
export function buildRlimits(
  ulimits: ContainerSpec['ulimits'],
  host: { readonly capabilities: readonly string[]; readonly hardLimits: Readonly<Record<string, number>> },
): readonly OciRlimit[] {
  return Object.entries(ulimits).map(([name, { soft, hard }]) => {
    if (!ulimitNames.includes(name)) throw new TaskError('invalid', `ulimits: unknown limit ${name}`);
    const own = host.hardLimits[name] ?? -1;
    const raises = own !== -1 && (hard === -1 || hard > own);
    if (raises && !host.capabilities.includes('CAP_SYS_RESOURCE')) {
      throw new TaskError('unsupported', `ulimits.${name}: this host allows at most ${own} and cannot raise limits`, {
        hint: `lower it to ${own}, or run the daemon with CAP_SYS_RESOURCE`,
      });
    }
    return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
  });
}
