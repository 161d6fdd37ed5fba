import type { ServiceSpec } from '../../model/spec.ts';

/** Name of the container in that slot: the literal one, or `<stack>-<service>-<slot>`. */
export function containerNameOf(stack: string, service: ServiceSpec, slot: number): string {
  return service.containerName ?? `${stack}-${service.name}-${slot}`;
}
