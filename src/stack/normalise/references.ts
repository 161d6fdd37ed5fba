import type { NodePath } from '../tree/node.ts';
import type { DraftService } from './draft.ts';

/** A service named by another one. */
export interface ServiceReference {
  readonly service: string;
  /** Where it is named, below the service. */
  readonly path: NodePath;
  /** Restart the dependant when the dependency is replaced: it shares something with that very container. */
  readonly restart: boolean;
}

/** The services that links, shared namespaces and borrowed volumes make a service depend on. */
export function impliedReferences(service: DraftService): ServiceReference[] {
  const references: ServiceReference[] = [];
  for (const [index, link] of (service.links ?? []).entries()) {
    references.push({ service: link.split(':', 1)[0] ?? '', path: ['links', index], restart: true });
  }
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'] as const) {
    const value = service[key];
    if (value?.startsWith('service:') === true)
      references.push({ service: value.slice(8), path: [key], restart: true });
  }
  for (const [index, source] of (service.volumes_from ?? []).entries()) {
    if (source.startsWith('container:')) continue;
    references.push({ service: source.split(':', 1)[0] ?? '', path: ['volumes_from', index], restart: false });
  }
  return references;
}
