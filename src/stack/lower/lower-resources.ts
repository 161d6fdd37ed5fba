import type { ResourcesSpec } from '../../model/spec.ts';
import type { ComposeService } from '../compose-types.ts';
import { lowerBlockIo } from './lower-block-io.ts';
import { bytes, bytesOrUnset, numberOrUnset } from './values.ts';

/** Limits of the containers of a service; where the file says one twice, the consistency checks have made sure that both say the same. */
export function lowerResources(where: string, service: ComposeService): ResourcesSpec {
  const limits = service.deploy?.resources.limits;
  const reserved = service.deploy?.resources.reservations;
  return {
    cpus: numberOrUnset(service.cpus ?? limits?.cpus),
    cpuset: service.cpuset ?? null,
    cpuShares: numberOrUnset(service.cpu_shares),
    cpuPeriodUs: numberOrUnset(service.cpu_period),
    cpuQuotaUs: numberOrUnset(service.cpu_quota),
    cpuRealtimePeriodUs: numberOrUnset(service.cpu_rt_period),
    cpuRealtimeRuntimeUs: numberOrUnset(service.cpu_rt_runtime),
    memoryBytes: bytesOrUnset(`${where}.mem_limit`, service.mem_limit ?? limits?.memory),
    memoryReservationBytes: bytesOrUnset(`${where}.mem_reservation`, service.mem_reservation ?? reserved?.memory),
    memorySwapBytes: bytesOrUnset(`${where}.memswap_limit`, service.memswap_limit),
    memorySwappiness: bytes(`${where}.mem_swappiness`, service.mem_swappiness),
    oomKillDisable: service.oom_kill_disable ?? false,
    blockIo: lowerBlockIo(where, service.blkio_config),
    pids: numberOrUnset(service.pids_limit ?? limits?.pids),
  };
}
