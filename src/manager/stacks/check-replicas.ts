import { isGlobal, maxReplicas } from '../../model/deploy-spec.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import { InvalidRequestError } from '../errors.ts';

/** Throws unless the service can have so many containers instead of those that it has. */
export function checkReplicas(service: ServiceSpec, count: number): void {
  const { name, deploy, replicas } = service;
  // Of a global service there is one container on each node, however many are asked for.
  if (isGlobal(service) && count !== replicas)
    throw new InvalidRequestError(`service ${name} has deploy.mode ${deploy.mode}: it cannot be scaled`);
  if (count > maxReplicas) throw new InvalidRequestError(`service ${name} can have ${maxReplicas} containers at most`);
}
