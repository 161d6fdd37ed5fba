/** Which stored network, volume or payload a key of a stack file stands for. */
import type { NetworkObject, PayloadObject, VolumeObject } from '../../model/objects.ts';
import { choosePayload } from '../../model/choose-payload.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { ObjectLookup } from '../store/object-index.ts';

/** The network of that key. A changed network exists twice until the last container has left the old one: the newer counts. */
export function findOwnNetwork(view: ObjectLookup, stack: string, key: string): NetworkObject | undefined {
  return view.ofStack('network', stack).findLast((network) => network.key === key);
}

/** A network that somebody else made, by its name: another stack, or nobody any more. */
export function findForeignNetwork(view: ObjectLookup, stack: string, name: string): NetworkObject | undefined {
  return view.named('network', name).findLast((network) => network.stack !== stack && !network.spec.external);
}

/** The declared volume of that key; one that is on its way out does not count. */
export function findOwnVolume(view: ObjectLookup, stack: string, key: string, name: string): VolumeObject | undefined {
  return view
    .ofStack('volume', stack)
    .findLast(
      (volume) => volume.key === key && volume.name === name && volume.anonymousOf === null && !volume.removing,
    );
}

/** The volume object that owns the content of that name; objects that only refer to it are marked external. */
export function findVolumeContent(view: ObjectLookup, name: string): VolumeObject | undefined {
  return view.named('volume', name).find((volume) => !volume.spec.external && !volume.removing);
}

/** The secret or config of that key. */
export function findPayload(
  view: ObjectLookup,
  kind: 'secret' | 'config',
  stack: string,
  key: string,
): PayloadObject | undefined {
  return view.ofStack(kind, stack).find((payload) => payload.key === key);
}

/** A secret or config that somebody else made, by its name: nobody's own rather than another stack's. */
export function findForeignPayload(
  view: ObjectLookup,
  kind: 'secret' | 'config',
  stack: string,
  name: string,
): PayloadObject | undefined {
  return choosePayload(view.named(kind, name).filter((payload) => payload.stack !== stack));
}

/** The network that a key of a stack stands for in the end: its own, or the one that its own refers to. */
export function findNetwork(view: ObjectLookup, stack: string, key: string): NetworkObject | undefined {
  const own = findOwnNetwork(view, stack, key);
  return own?.spec.external === true ? findForeignNetwork(view, stack, own.name) : own;
}

/** The secret or config that a key of a stack stands for in the end, with the object that refers to it, if there is one. */
export function findPayloads(
  view: ObjectLookup,
  kind: 'secret' | 'config',
  stack: string,
  key: string,
): readonly PayloadObject[] {
  const own = findPayload(view, kind, stack, key);
  if (own === undefined) return [];
  const foreign = own.spec.external ? findForeignPayload(view, kind, stack, own.name) : undefined;
  return foreign === undefined ? [own] : [own, foreign];
}

/** Keys of the networks, volumes, secrets and configs that the services use. */
export function usedKeys(services: readonly ServiceSpec[]): {
  readonly networks: ReadonlySet<string>;
  readonly volumes: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly configs: ReadonlySet<string>;
} {
  const volumes = services.flatMap(({ container }) =>
    container.mounts.flatMap((mount) => (mount.type === 'volume' && mount.volume !== null ? [mount.volume] : [])),
  );
  return {
    networks: new Set(services.flatMap((service) => service.networks.map(({ network }) => network))),
    volumes: new Set(volumes),
    secrets: new Set(services.flatMap(({ container }) => container.secrets.map(({ source }) => source))),
    configs: new Set(services.flatMap(({ container }) => container.configs.map(({ source }) => source))),
  };
}
