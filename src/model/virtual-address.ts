import type { NetworkSpec, ServiceSpec } from './spec.ts';

/**
 * Whether the name of the service stands for one address of its own on the network, behind which its containers are. As the file says; where
 * it says nothing, overlays have them, as they always had, and the names of other networks mean the containers, as those of compose always did.
 * It depends on nothing but the file, so that it is the same on one host and on many.
 */
export function hasVirtualAddress(
  { deploy }: Pick<ServiceSpec, 'deploy'>,
  { driver }: Pick<NetworkSpec, 'driver'>,
): boolean {
  return deploy.endpointMode === null ? driver === 'overlay' : deploy.endpointMode === 'vip';
}
