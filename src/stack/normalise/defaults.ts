import type { DraftProject, DraftService } from './draft.ts';
import { impliedReferences } from './references.ts';

/** The parts of a build that defaults concern. */
const DEFAULT_DOCKERFILE = 'Dockerfile';

/** Fills in what the specification says for what a file leaves out: networks, dependencies, names, the build's recipe. */
export function fillDefaults(project: DraftProject): void {
  let usesDefaultNetwork = false;
  for (const service of Object.values(project.services)) {
    joinDefaultNetwork(service);
    usesDefaultNetwork ||= service.networks !== undefined && Object.hasOwn(service.networks, 'default');
    fillService(service);
  }
  if (usesDefaultNetwork) project.networks['default'] ??= {};
  nameResources(project);
}

function joinDefaultNetwork(service: DraftService): void {
  if (service.network_mode !== undefined || service.provider !== undefined) return;
  if (Object.keys(service.networks ?? {}).length === 0) service.networks = { default: null };
}

function fillService(service: DraftService): void {
  if (service.build !== undefined && service.build.dockerfile_inline === undefined) {
    service.build.dockerfile ??= DEFAULT_DOCKERFILE;
  }
  for (const { service: name, restart } of impliedReferences(service)) {
    service.depends_on ??= {};
    if (Object.hasOwn(service.depends_on, name)) continue;
    service.depends_on[name] = { condition: 'service_started', ...(restart ? { restart } : {}), required: true };
  }
}

function nameResources(project: DraftProject): void {
  for (const kind of ['networks', 'volumes', 'configs', 'secrets'] as const) {
    for (const [key, definition] of Object.entries(project[kind])) {
      definition.name ||= definition.external === true ? key : `${project.name}_${key}`;
    }
  }
}
