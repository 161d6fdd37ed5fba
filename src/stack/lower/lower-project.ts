import type { StackSpec } from '../../model/spec.ts';
import type { ComposeProject } from '../compose-types.ts';
import { lowerNetwork } from './lower-network.ts';
import { builtInNetwork } from '../networks/built-in-network.ts';
import { lowerBridgeMode } from './lower-networking.ts';
import { lowerPayload, type PayloadReader } from './lower-payload.ts';
import { lowerProviders } from './lower-providers.ts';
import { lowerService } from './lower-service.ts';
import { lowerVolume } from './lower-volume.ts';
import { mapRecord } from './map-record.ts';

/** What the canonical model does not say. */
export interface LowerOptions extends PayloadReader {
  /** Absolute paths of the files; `-` for standard input. */
  readonly files: readonly string[];
  /** Names of services that a profile or the selection left out. */
  readonly disabledServices: readonly string[];
}

/**
 * Turns the canonical model of a stack file into what managers and agents work with: numbers instead of texts, defaults that belong to tsstack,
 * contents instead of paths. Pure but for what `options` reads. Whatever it cannot express is an error, never left out.
 */
export function lowerProject(project: ComposeProject, options: LowerOptions): StackSpec {
  return {
    name: project.name,
    workingDir: options.workingDir,
    files: options.files,
    services: mapRecord(ownServices(project), (service, name) => lowerService(name, service, project, options)),
    networks: lowerNetworks(project),
    volumes: mapRecord(project.volumes ?? {}, (volume, key) => lowerVolume(key, volume)),
    secrets: mapRecord(project.secrets ?? {}, (secret, key) =>
      lowerPayload('secret', key, secret, project.name, options),
    ),
    configs: mapRecord(project.configs ?? {}, (config, key) =>
      lowerPayload('config', key, config, project.name, options),
    ),
    disabledServices: options.disabledServices,
    providers: lowerProviders(project),
  };
}

function ownServices({ services }: ComposeProject): ComposeProject['services'] {
  return Object.fromEntries(Object.entries(services).filter(([, { provider }]) => provider === undefined));
}

/** Networks that stand for a mode of their own are nothing to be made. */
function lowerNetworks(project: ComposeProject): StackSpec['networks'] {
  const own = Object.entries(project.networks ?? {}).filter(([, network]) => builtInNetwork(network) === undefined);
  return {
    ...mapRecord(Object.fromEntries(own), (network, key) => lowerNetwork(key, network)),
    ...lowerBridgeMode(project),
  };
}
