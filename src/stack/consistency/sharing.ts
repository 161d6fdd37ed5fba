import type { ServiceCheck } from './report.ts';

/** What can be shared with other containers or with the host. */
const SHARING = {
  network_mode: ['none', 'host', 'bridge', 'default'],
  pid: ['host'],
  ipc: ['private', 'shareable', 'none', 'host'],
  uts: ['host'],
} as const;

/** Namespaces of a service that are not its own: a known form, and nothing beside it that needs one of its own. */
export const checkSharing: ServiceCheck = (name, service, context) => {
  const path = ['services', name];
  for (const key of ['pid', 'ipc', 'uts'] as const) {
    const mode = service[key] ?? '';
    const isNamed = key !== 'uts' && /^(service|container):./.test(mode);
    if (mode === '' || isNamed || SHARING[key].some((known) => known === mode)) continue;
    const known = [...SHARING[key], ...(key === 'uts' ? [] : ['service:NAME', 'container:NAME'])];
    context.error([...path, key], `${key} is "${mode}", expected ${known.join(', ')}`);
  }
  for (const key of ['hostname', 'domainname'] as const) {
    if (service.uts !== 'host' || service[key] === undefined) continue;
    context.error([...path, key], `${key} cannot be set with uts: host, it would change the host's`);
  }
  const [, owner] = /^service:(.*)$/.exec(service.ipc ?? '') ?? [];
  const ownMode = owner === undefined ? undefined : context.project.services[owner]?.ipc;
  if (ownMode === 'private' || ownMode === 'none') {
    const message = `service "${name}" shares the ipc of service "${owner ?? ''}", which has ipc: ${ownMode}`;
    context.error([...path, 'ipc'], message, `write ipc: shareable for "${owner ?? ''}"`);
  }
  checkUsers(name, service, context);
};

/** Whoever has ids of its own has no rights over namespaces that belong to others. */
const checkUsers: ServiceCheck = (name, service, context) => {
  const mode = service.userns_mode ?? 'host';
  for (const key of ['network_mode', 'pid', 'ipc'] as const) {
    const [, owner] = /^service:(.*)$/.exec(service[key] ?? '') ?? [];
    if (owner === undefined || mode === (context.project.services[owner]?.userns_mode ?? 'host')) continue;
    const shared = key === 'network_mode' ? 'network' : key;
    const message = `service "${name}" shares the ${shared} of service "${owner}", which has another userns_mode`;
    context.error(['services', name, key], message, 'give both the same userns_mode');
  }
  if (mode !== 'auto') return;
  for (const key of ['pid', 'ipc', 'uts'] as const) {
    if (service[key] !== 'host') continue;
    const message = `service "${name}" cannot have the host's ${key} namespace with userns_mode auto`;
    context.error(['services', name, key], message, 'use userns_mode: host');
  }
};
