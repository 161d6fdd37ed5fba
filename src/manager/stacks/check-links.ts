import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import { NotFoundError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';
import { isKnownContainer } from './check-shared-containers.ts';

/** Throws NotFoundError when a service is linked to a container that neither is there nor will be made. */
export function checkLinks(view: StoreView, spec: StackSpec, service: ServiceSpec): void {
  for (const { target } of service.links) {
    if (Object.hasOwn(spec.services, target) || isKnownContainer(view, spec, target)) continue;
    throw new NotFoundError(`service ${service.name}: external_links: there is no container ${target}`, {
      hint: 'name one that "tsstack ps -a" lists',
    });
  }
}
