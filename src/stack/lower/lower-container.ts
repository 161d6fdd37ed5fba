import type { ContainerSpec, HealthcheckSpec, LoggingSpec } from '../../model/spec.ts';
import type { ComposeHealthcheck, ComposeLogging, ComposeService } from '../compose-types.ts';
import { invalid, unsupported } from './errors.ts';
import { lowerMounts } from './lower-mount.ts';
import { lowerGrant, type PayloadReader } from './lower-payload.ts';
import { lowerResources } from './lower-resources.ts';
import { lowerSecurity } from './lower-security.ts';
import { mapRecord } from './map-record.ts';
import { bytes, bytesOrUnset, durationMs } from './values.ts';

/** Everything of a service that makes its containers what they are. */
export function lowerContainer(where: string, service: ComposeService, reader: PayloadReader): ContainerSpec {
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
    mounts: lowerMounts(where, service),
    secrets: (service.secrets ?? []).map((grant) => lowerGrant(where, 'secret', grant)),
    configs: (service.configs ?? []).map((grant) => lowerGrant(where, 'config', grant)),
    devices: (service.devices ?? []).map(({ source, target, permissions }) => ({ source, target, permissions })),
    shmSizeBytes: bytesOrUnset(`${where}.shm_size`, service.shm_size),
    ulimits: mapRecord(service.ulimits ?? {}, (limit) =>
      typeof limit === 'number' ? { soft: limit, hard: limit } : { soft: limit.soft, hard: limit.hard },
    ),
    sysctls: service.sysctls ?? {},
    extraHosts: (service.extra_hosts ?? []).map((line) => lowerExtraHost(where, line)),
    dns: service.dns ?? [],
    dnsSearch: service.dns_search ?? [],
    dnsOptions: service.dns_opt ?? [],
    resources: lowerResources(where, service),
    oomScoreAdj: service.oom_score_adj ?? null,
    stopSignal: service.stop_signal ?? null,
    stopGraceMs: durationMs(service.stop_grace_period),
    healthcheck: service.healthcheck === undefined ? null : lowerHealthcheck(service.healthcheck),
    logging: lowerLogging(where, service.logging),
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

// Rotation by default, see decisions.md: 3 files of 10 MiB.
const defaultLogBytes = 10 * 1024 * 1024;
const defaultLogFiles = 3;

function lowerLogging(where: string, logging: ComposeLogging | undefined): LoggingSpec {
  const options = { ...logging?.options };
  const maxBytes = bytes(`${where}.logging.options.max-size`, options['max-size']) ?? defaultLogBytes;
  const maxFiles = Number(options['max-file'] ?? defaultLogFiles);
  if (!Number.isInteger(maxFiles) || maxFiles < 1) {
    throw invalid(`${where}.logging.options.max-file`, `"${options['max-file'] ?? ''}" is no number of files`);
  }
  delete options['max-size'];
  delete options['max-file'];
  for (const name of Object.keys(options)) throw unsupported(`${where}.logging.options`, name);
  return { driver: lowerLogDriver(where, logging?.driver), maxBytes, maxFiles };
}

function lowerLogDriver(where: string, driver: string | undefined): LoggingSpec['driver'] {
  switch (driver) {
    case undefined:
    case '':
    case 'json-file':
    case 'local':
      return 'file';
    case 'none':
      return 'none';
    default:
      throw unsupported(`${where}.logging.driver`, driver);
  }
}
