import { createHash } from 'node:crypto';
import type { NetworkSpec, ServiceSpec, StackSpec } from '../../../model/spec.ts';

/**
 * Whether a change of the field needs a new container. Every field has to be in this table: the type demands it, and so a new field cannot
 * be forgotten.
 */
const needsNewContainer: Readonly<Record<keyof ServiceSpec, boolean>> = {
  name: true,
  image: true,
  pullPolicy: false,
  replicas: false,
  containerName: true,
  container: true,
  networkMode: true,
  networks: true,
  ports: true,
  expose: true,
  dependsOn: false,
  restart: true,
  attach: false,
  serviceLabels: false,
};

/** Digest of the contents of each used secret and config, by `secret/<key>` and `config/<key>`. */
export type PayloadDigests = Readonly<Record<string, string | null>>;

/** What a container is made from beyond its service's spec. */
export interface HashContext {
  readonly stack: Pick<StackSpec, 'networks' | 'volumes'>;
  readonly digests: PayloadDigests;
}

/** Changes exactly when containers of the service have to be replaced. */
export function specHash(spec: ServiceSpec, context: HashContext): string {
  const parts = Object.entries(needsNewContainer)
    .filter(([, matters]) => matters)
    .map(([field]) => [field, spec[field as keyof ServiceSpec]]);
  const used = {
    networks: usedNetworks(spec, context),
    volumes: usedVolumes(spec, context),
    payloads: usedPayloads(spec, context),
  };
  return createHash('sha256')
    .update(canonicalJson([parts, used]))
    .digest('hex');
}

function usedNetworks(spec: ServiceSpec, { stack }: HashContext): readonly unknown[] {
  return spec.networks.map(({ network }) => networkIdentity(stack.networks[network]));
}

/** What makes a network another network; its labels do not. */
export function networkIdentity(spec: NetworkSpec | undefined): unknown {
  if (spec === undefined) return null;
  if (spec.external) return { name: spec.name };
  return { name: spec.name, internal: spec.internal, ipam: spec.ipam, driverOptions: spec.driverOptions };
}

function usedVolumes(spec: ServiceSpec, { stack }: HashContext): readonly unknown[] {
  return spec.container.mounts.map((mount) =>
    mount.type === 'volume' && mount.volume !== null ? (stack.volumes[mount.volume]?.name ?? null) : null,
  );
}

function usedPayloads({ container }: ServiceSpec, { digests }: HashContext): readonly unknown[] {
  const secrets = container.secrets.map(({ source }) => digests[`secret/${source}`] ?? null);
  return [...secrets, ...container.configs.map(({ source }) => digests[`config/${source}`] ?? null)];
}

/** JSON whose keys are sorted, so that equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) =>
    entry !== null && typeof entry === 'object' && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}
