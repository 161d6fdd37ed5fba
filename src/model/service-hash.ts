import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { defaultService } from './default-specs.ts';
import type { ServiceSpec } from './spec.ts';
import { withoutDefaults } from './without-defaults.ts';

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
  namespaces: true,
  volumesFrom: true,
  networks: true,
  links: true,
  ports: true,
  expose: true,
  dependsOn: false,
  restart: true,
  hooks: true,
  attach: false,
  deploy: false,
  serviceLabels: false,
};

/**
 * Hash of what the file says of a service's containers: what `config --hash` prints and what the label
 * `com.docker.compose.config-hash` of a container holds. Equal services hash alike whatever the order of keys in their file, and a version
 * that has more fields gives the same hash as long as these are not used: an update of tsstack replaces no container.
 */
export function serviceHash(spec: ServiceSpec): string {
  const fields = Object.entries(spec).filter(([field]) => needsNewContainer[field as keyof ServiceSpec]);
  const said = withoutDefaults(Object.fromEntries(fields), defaultService);
  return createHash('sha256')
    .update(canonicalJson([said ?? null]))
    .digest('hex');
}
