import type { DraftService } from '../normalise/draft.ts';
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
  for (const [index, request] of (service.deploy?.resources?.reservations?.devices ?? []).entries()) {
    if (request.count === undefined || request.device_ids === undefined) continue;
    const path = ['services', name, 'deploy', 'resources', 'reservations', 'devices', index];
    context.error(path, 'count and device_ids are mutually exclusive');
  }
};
