import type { LinkSpec, NetworkAttachmentSpec, NetworkMode, NetworkSpec } from '../../model/spec.ts';
import type { ComposeProject, ComposeService } from '../compose-types.ts';
import { networkModeOf } from '../networks/built-in-network.ts';
import { unsupported } from './errors.ts';
import { lowerAttachments, lowerNetwork } from './lower-network.ts';

type Networks = ComposeProject['networks'];

/** What a service's network is. */
export interface Networking {
  readonly networkMode: NetworkMode;
  readonly networks: readonly NetworkAttachmentSpec[];
  readonly links: readonly LinkSpec[];
}

/** Key of the network that the services of a stack with `network_mode: bridge` are on: named after the attribute, so that no network of a file is taken for it. */
const bridgeModeKey = 'network_mode.bridge';

/** Networks, network mode and links of a service. */
export function lowerNetworking(where: string, service: ComposeService, networks: Networks): Networking {
  const mode = networkModeOf(service, networks);
  const none = { networks: [], links: [] };
  if (mode === 'none' || mode === 'host') return { networkMode: { kind: mode }, ...none };
  if (mode?.startsWith('service:') === true) {
    return { networkMode: { kind: 'service', service: mode.slice('service:'.length) }, ...none };
  }
  if (mode?.startsWith('container:') === true) {
    return { networkMode: { kind: 'container', container: mode.slice('container:'.length) }, ...none };
  }
  if (mode !== undefined && mode !== 'bridge') throw unsupported(`${where}.network_mode`, mode);
  const joined = mode === 'bridge' ? { [bridgeModeKey]: null } : service.networks;
  return {
    networkMode: { kind: 'networks' },
    networks: lowerAttachments(joined, service.mac_address),
    links: lowerLinks(service),
  };
}

/** The network of `network_mode: bridge`, where a service of the stack has that. */
export function lowerBridgeMode(project: ComposeProject): Readonly<Record<string, NetworkSpec>> {
  const isUsed = Object.values(project.services).some(
    (service) => networkModeOf(service, project.networks) === 'bridge',
  );
  if (!isUsed) return {};
  return { [bridgeModeKey]: lowerNetwork(bridgeModeKey, { name: `${project.name}_bridge_mode`, ipam: {} }) };
}

/** `SERVICE[:ALIAS]` and `CONTAINER[:ALIAS]`. */
function lowerLinks(service: ComposeService): readonly LinkSpec[] {
  return [...(service.links ?? []), ...(service.external_links ?? [])].map((text) => {
    const [target = '', alias = target] = text.split(':', 2);
    return { alias, target };
  });
}
