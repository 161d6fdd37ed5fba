import type { ComposeService } from '../compose-types.ts';
import type { DraftService } from '../normalise/draft.ts';
import { scheduleProblem } from '../../model/schedule.ts';
import { lowerSchedule } from '../lower/lower-deploy.ts';
import { parseConstraint } from '../constraints.ts';
import type { ServiceCheck } from './report.ts';

interface Twin {
  readonly key: 'scale' | 'cpus' | 'mem_limit' | 'mem_reservation' | 'pids_limit';
  readonly path: readonly string[];
  read(service: DraftService): number | string | undefined;
}

/** Settings that can be said in two places. */
const TWINS: readonly Twin[] = [
  { key: 'scale', path: ['replicas'], read: (service) => service.deploy?.replicas },
  { key: 'cpus', path: ['resources', 'limits', 'cpus'], read: (service) => service.deploy?.resources?.limits?.cpus },
  {
    key: 'mem_limit',
    path: ['resources', 'limits', 'memory'],
    read: (service) => service.deploy?.resources?.limits?.memory,
  },
  {
    key: 'mem_reservation',
    path: ['resources', 'reservations', 'memory'],
    read: (service) => service.deploy?.resources?.reservations?.memory,
  },
  {
    key: 'pids_limit',
    path: ['resources', 'limits', 'pids'],
    read: (service) => service.deploy?.resources?.limits?.pids,
  },
];

/** What is said twice must be said alike. */
export const checkDeploy: ServiceCheck = (name, service, context) => {
  for (const twin of TWINS) {
    const own = service[twin.key];
    const deployed = twin.read(service);
    if (own === undefined || deployed === undefined || own === deployed) continue;
    const path = ['services', name, twin.key];
    context.error(path, `${twin.key} is ${own}, but deploy.${twin.path.join('.')} is ${deployed}: they must agree`);
  }
  checkMode(name, service, context);
  checkExtension(name, service, context);
  checkOrder(name, service, context);
  for (const [index, text] of (service.deploy?.placement?.constraints ?? []).entries()) {
    if (parseConstraint(text) !== undefined) continue;
    const path = ['services', name, 'deploy', 'placement', 'constraints', index];
    const hint =
      'keys: node.id, node.hostname, node.ip, node.role, node.platform.os, node.platform.arch, node.labels.NAME, engine.labels.NAME';
    context.error(path, `"${text}" is no constraint such as node.hostname == n1`, hint);
  }
  for (const [index, request] of (service.deploy?.resources?.reservations?.devices ?? []).entries()) {
    if (request.count === undefined || request.device_ids === undefined) continue;
    const path = ['services', name, 'deploy', 'resources', 'reservations', 'devices', index];
    context.error(path, 'count and device_ids are mutually exclusive');
  }
};

/** How many there are follows from the mode, and so does whether they run again. */
const checkMode: ServiceCheck = (name, service, context) => {
  const mode = service.deploy?.mode ?? 'replicated';
  const isGlobal = mode === 'global' || mode === 'global-job';
  const replicas = service.deploy?.replicas ?? service.scale;
  if (isGlobal && replicas !== undefined) {
    const path = ['services', name, ...(service.deploy?.replicas === undefined ? ['scale'] : ['deploy', 'replicas'])];
    context.error(path, `deploy.mode ${mode} is one container on each node: it has no number of replicas`);
  }
  const restart = service.deploy?.restart_policy === undefined ? (service.restart ?? 'no') : 'no';
  if (mode.endsWith('-job') && (restart === 'always' || restart === 'unless-stopped')) {
    const message = `deploy.mode ${mode} runs once, so restart cannot be ${restart}`;
    context.error(['services', name, 'restart'], message, 'use on-failure, or no');
  }
};

/** With start-first two containers of a slot are there at a time. */
const checkOrder: ServiceCheck = (name, service, context) => {
  for (const key of ['update_config', 'rollback_config'] as const) {
    if (service.deploy?.[key]?.order !== 'start-first') continue;
    const fixed = Object.values(service.networks ?? {}).flatMap((network) =>
      [network?.ipv4_address, network?.ipv6_address, network?.mac_address].filter((address) => address !== undefined),
    );
    const [address = service.mac_address] = fixed;
    if (address === undefined) continue;
    const message = `start-first cannot be: both containers would have the address ${address}`;
    context.error(
      ['services', name, 'deploy', key, 'order'],
      message,
      'use stop-first, or let the addresses be chosen',
    );
  }
};

/** What only some modes have a use for. */
const checkExtension: ServiceCheck = (name, service, context) => {
  // The drafts' type of keys with x- is that of any value.
  const own = service['x-tsstack'] as ComposeService['x-tsstack'];
  const mode = service.deploy?.mode ?? 'replicated';
  const isJob = mode.endsWith('-job');
  const refuse = (key: string, message: string, hint?: string): void =>
    context.error(['services', name, 'x-tsstack', key], message, hint);
  if (own?.schedule !== undefined) {
    const problem = scheduleProblem(lowerSchedule(own.schedule, own.time_zone));
    if (!isJob) refuse('schedule', `a schedule is for jobs, and deploy.mode is ${mode}`, 'use replicated-job');
    else if (problem !== null) refuse('schedule', problem, 'for example "30 3 * * *": every day at 3:30');
  } else if (own?.time_zone !== undefined) refuse('time_zone', 'time_zone has no effect without schedule');
  if (own?.max_concurrent !== undefined && mode !== 'replicated-job')
    refuse('max_concurrent', `max_concurrent is for replicated-job, and deploy.mode is ${mode}`);
  if (own?.rebalance === 'auto') {
    const why = immovable(service, mode);
    if (why !== undefined) refuse('rebalance', `rebalance: auto cannot be: ${why}`, 'remove it');
  }
  for (const key of ['update_config', 'rollback_config'] as const) {
    if (!isJob || service.deploy?.[key] === undefined) continue;
    const message = `deploy.mode ${mode} has no updates: a changed job runs anew`;
    context.error(['services', name, 'deploy', key], message, 'remove it');
  }
};

/** Why containers do not move to nodes that have fewer. */
function immovable(service: DraftService, mode: string): string | undefined {
  if (mode !== 'replicated') return `deploy.mode is ${mode}`;
  if ((service.volumes ?? []).some(({ type }) => type === 'volume')) return 'its volumes are where its containers are';
  if ((service.deploy?.placement?.preferences ?? []).length > 0) return 'preferences say how its containers are spread';
  const shared = [service.network_mode, service.pid, service.ipc].find((text) =>
    /^(service|container):/.test(text ?? ''),
  );
  return shared === undefined ? undefined : `its containers are where those of ${shared} are`;
}
