import type { StackSpec } from '../../model/spec.ts';
import { InvalidRequestError } from '../errors.ts';
import { hasPlatform, platformOf } from '../scheduler/filters/platform.ts';
import type { StoreView } from '../store/object-index.ts';

/** Throws InvalidRequestError when a service names a platform that no node of the cluster has, whether it is up or not. */
export function checkPlatforms(view: StoreView, spec: StackSpec, selected: ReadonlySet<string>): void {
  const nodes = view.all('node');
  if (nodes.length === 0) return;
  for (const service of Object.values(spec.services)) {
    if (!selected.has(service.name) || nodes.some((node) => hasPlatform(service, node))) continue;
    const message = `service ${service.name}: no node is of platform linux/${service.deploy.placement.architecture ?? ''}`;
    throw new InvalidRequestError(message, {
      keys: ['services', service.name, 'platform'],
      hint: `there is ${[...new Set(nodes.map(platformOf))].sort().join(', ')}: take an image for that`,
    });
  }
}
