import type { ContainerSpec, HealthcheckSpec } from '../../model/spec.ts';
import type { ComposeHealthcheck, ComposeService } from '../compose-types.ts';
import { invalid } from './errors.ts';
import { lowerDevices } from './lower-devices.ts';
import { lowerLogging } from './lower-logging.ts';
import { lowerMounts } from './lower-mount.ts';
import { lowerGrant, type PayloadReader } from './lower-payload.ts';
import { lowerResources } from './lower-resources.ts';
import { lowerSecurity } from './lower-security.ts';
import { mapRecord } from './map-record.ts';
import { bytesOrUnset, durationMs } from './values.ts';

/** Everything of a service that makes its containers what they are. */
export function lowerContainer(name: string, service: ComposeService, reader: PayloadReader): ContainerSpec {
  const where = `services.${name}`;
  return {
    entrypoint: service.entrypoint,
    command: service.command,
    environment: service.environment ?? {},
    workingDir: service.working_dir ?? null,
    user: service.user ?? null,
    groupAdd: service.group_add ?? [],
    hostname: service.hostname ?? null,
    domainname: service.domainname ?? null,
    labels: service.labels ?? {},
    annotations: service.annotations ?? {},
    tty: service.tty ?? false,
    stdinOpen: service.stdin_open ?? false,
    init: service.init ?? false,
    readOnly: service.read_only ?? false,
    ...lowerSecurity(where, service, reader),
    mounts: lowerMounts(name, service),
    secrets: (service.secrets ?? []).map((grant) => lowerGrant(where, 'secret', grant)),
    configs: (service.configs ?? []).map((grant) => lowerGrant(where, 'config', grant)),
    ...lowerDevices(service),
    shmSizeBytes: bytesOrUnset(`${where}.shm_size`, service.shm_size),
    storageBytes: bytesOrUnset(`${where}.storage_opt.size`, service.storage_opt?.['size']),
    ulimits: mapRecord(service.ulimits ?? {}, (limit) =>
      typeof limit === 'number' ? { soft: limit, hard: limit } : { soft: limit.soft, hard: limit.hard },
    ),
    sysctls: service.sysctls ?? {},
    extraHosts: (service.extra_hosts ?? []).map((line) => lowerExtraHost(where, line)),
    dns: service.dns ?? [],
    dnsSearch: service.dns_search ?? [],
    dnsOptions: service.dns_opt ?? [],
    resources: lowerResources(where, service),
    cgroupParent: service.cgroup_parent?.replace(/^\/+|\/+$/g, '') || null,
    oomScoreAdj: service.oom_score_adj ?? null,
    stopSignal: service.stop_signal ?? null,
    stopGraceMs: durationMs(service.stop_grace_period),
    healthcheck: service.healthcheck === undefined ? null : lowerHealthcheck(service.healthcheck),
    logging: lowerLogging(['services', name], service.logging),
    runtime: service.runtime === '' ? null : (service.runtime ?? null),
  };
}

function lowerExtraHost(where: string, line: string): { host: string; address: string } {
  const equals = line.indexOf('=');
  if (equals < 1) throw invalid(`${where}.extra_hosts`, `"${line}" is not HOST=ADDRESS`);
  return { host: line.slice(0, equals), address: line.slice(equals + 1) };
}

function lowerHealthcheck(check: ComposeHealthcheck): HealthcheckSpec {
  return {
    test: check.disable === true || check.test?.[0] === 'NONE' ? 'disabled' : (check.test ?? null),
    intervalMs: durationMs(check.interval),
    timeoutMs: durationMs(check.timeout),
    retries: check.retries ?? null,
    startPeriodMs: durationMs(check.start_period),
    startIntervalMs: durationMs(check.start_interval),
  };
}
