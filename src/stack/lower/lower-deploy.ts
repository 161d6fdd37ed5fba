import { defaultUpdate } from '../../model/deploy-spec.ts';
import type { ConstraintSpec, DeploySpec, ScheduleSpec, UpdateSpec } from '../../model/deploy-spec.ts';
import type { RestartSpec } from '../../model/spec.ts';
import type { ComposeService } from '../compose-types.ts';
import { parseConstraint } from '../constraints.ts';
import { architectureOfPlatform } from '../platforms.ts';
import { invalid } from './errors.ts';
import { bytesOrUnset, durationMs, numberOrUnset } from './values.ts';

type Deploy = NonNullable<ComposeService['deploy']>;

/** See decisions.md: an update that gets nowhere ends after 10 min. */
const progressDeadlineMs = 600_000;

/** `x-tsstack.schedule`. Managers may have other time zones than whoever wrote the file: without a name it is UTC. */
export function lowerSchedule(cron: string, timeZone: string | undefined): ScheduleSpec {
  return { cron, timeZone: timeZone ?? 'UTC' };
}

/** Pause before a restart by `deploy.restart_policy` that names none, as a cluster's engine has it. */
const defaultDelayMs = 5000;

/** `deploy` of a service, but for its replicas, labels, limits and restart policy. */
export function lowerDeploy(
  where: string,
  deploy: ComposeService['deploy'],
  { 'x-tsstack': own, platform }: Pick<ComposeService, 'x-tsstack' | 'platform'> = {},
): DeploySpec {
  const reservations = deploy?.resources.reservations;
  return {
    mode: lowerMode(deploy?.mode),
    endpointMode: lowerEndpointMode(deploy?.endpoint_mode),
    placement: {
      constraints: (deploy?.placement.constraints ?? []).map((text, index) =>
        lowerConstraint(`${where}.deploy.placement.constraints[${index}]`, text),
      ),
      spread: (deploy?.placement.preferences ?? []).flatMap(({ spread }) => (spread === undefined ? [] : [spread])),
      maxReplicasPerNode: numberOrUnset(deploy?.placement.max_replicas_per_node),
      architecture: platform === undefined || platform === '' ? null : architectureOfPlatform(platform),
    },
    reservations: {
      cpus: numberOrUnset(reservations?.cpus),
      memoryBytes: bytesOrUnset(`${where}.deploy.resources.reservations.memory`, reservations?.memory),
      generic: lowerGeneric(reservations?.generic_resources ?? []),
    },
    update: lowerUpdate(deploy?.update_config),
    rollback: lowerUpdate(deploy?.rollback_config),
    progressDeadlineMs: durationMs(own?.progress_deadline) ?? progressDeadlineMs,
    maxConcurrent: own?.max_concurrent ?? null,
    schedule: own?.schedule === undefined ? null : lowerSchedule(own.schedule, own.time_zone),
    rebalance: own?.rebalance ?? 'manual',
  };
}

/** True for services whose containers run once. */
function isJobMode(mode: string | undefined): boolean {
  return mode === 'replicated-job' || mode === 'global-job';
}

/** `deploy.restart_policy`; undefined where the file has none. */
export function lowerRestartPolicy(deploy: ComposeService['deploy']): RestartSpec | undefined {
  const policy = deploy?.restart_policy;
  if (policy === undefined) return undefined;
  // What a job has completed it does not do again.
  const any = isJobMode(deploy?.mode) ? 'on-failure' : 'always';
  const policies: Readonly<Record<string, RestartSpec['policy']>> = { none: 'no', 'on-failure': 'on-failure', any };
  return {
    policy: policies[policy.condition ?? 'any'] ?? any,
    maxRetries: policy.max_attempts ?? 0,
    supervision: { delayMs: durationMs(policy.delay) ?? defaultDelayMs, windowMs: durationMs(policy.window) ?? 0 },
  };
}

function lowerMode(mode: string | undefined): DeploySpec['mode'] {
  return mode === 'global' || mode === 'replicated-job' || mode === 'global-job' ? mode : 'replicated';
}

function lowerEndpointMode(mode: string | undefined): DeploySpec['endpointMode'] {
  return mode === 'vip' || mode === 'dnsrr' ? mode : null;
}

function lowerConstraint(where: string, text: string): ConstraintSpec {
  const constraint = parseConstraint(text);
  if (constraint === undefined) throw invalid(where, `"${text}" is no constraint such as node.hostname == n1`);
  return constraint;
}

function lowerGeneric(
  resources: NonNullable<NonNullable<Deploy['resources']['reservations']>['generic_resources']>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    resources.flatMap(({ discrete_resource_spec: resource }) =>
      resource?.kind === undefined ? [] : [[resource.kind, resource.value ?? 1]],
    ),
  );
}

function lowerUpdate(config: Deploy['update_config']): UpdateSpec | null {
  if (config === undefined) return null;
  const action = config.failure_action;
  return {
    parallelism: config.parallelism ?? defaultUpdate.parallelism,
    delayMs: durationMs(config.delay) ?? defaultUpdate.delayMs,
    monitorMs: durationMs(config.monitor) ?? defaultUpdate.monitorMs,
    maxFailureRatio: config.max_failure_ratio ?? defaultUpdate.maxFailureRatio,
    failureAction: action === 'continue' || action === 'rollback' ? action : defaultUpdate.failureAction,
    order: config.order === 'start-first' ? config.order : defaultUpdate.order,
  };
}
