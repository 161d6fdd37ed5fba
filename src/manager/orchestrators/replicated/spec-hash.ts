import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../model/canonical-json.ts';
import { serviceHash } from '../../../model/service-hash.ts';
import type { NetworkSpec, ServiceSpec, StackSpec } from '../../../model/spec.ts';

/** Digest of the contents of each used secret and config, by `secret/<key>` and `config/<key>`. */
export type PayloadDigests = Readonly<Record<string, string | null>>;

/** What a container is made from beyond its service's spec. */
export interface HashContext {
  readonly stack: Pick<StackSpec, 'networks' | 'volumes'>;
  readonly digests: PayloadDigests;
}

/** Changes exactly when the definition of the service, or of something that it uses, means other containers. */
export function specHash(spec: ServiceSpec, context: HashContext): string {
  const used = {
    networks: usedNetworks(spec, context),
    volumes: usedVolumes(spec, context),
    payloads: usedPayloads(spec, context),
  };
  return createHash('sha256')
    .update(canonicalJson([serviceHash(spec), used]))
    .digest('hex');
}

function usedNetworks(spec: ServiceSpec, { stack }: HashContext): readonly unknown[] {
  return spec.networks.map(({ network }) => networkIdentity(stack.networks[network]));
}

/** What makes a network another network; its labels do not. */
export function networkIdentity(spec: NetworkSpec | undefined): unknown {
  if (spec === undefined) return null;
  if (spec.external) return { name: spec.name };
  const { labels: _labels, attachable: _attachable, external: _external, ...identity } = spec;
  return identity;
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
