import type { ServiceSpec } from '../../model/spec.ts';

/** The name of a container of the service: its literal one, or `<stack>-<service>-<slot>`. */
export function containerNameOf(stack: string, service: ServiceSpec, slot: number): string {
  return service.containerName ?? `${stack}-${service.name}-${slot}`;
}

/** The name of a container that comes up beside the one that it replaces, until that one is gone. */
export function nextContainerName(stack: string, service: ServiceSpec, slot: number): string {
  return `${containerNameOf(stack, service, slot)}-next`;
}
