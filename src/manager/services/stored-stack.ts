import type { StackSpec } from '../../model/spec.ts';
import { NotFoundError } from '../errors.ts';
import type { ServiceObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';

/** The stack as it is stored: that of its last `up`, and what was changed by hand since. Contents of secrets and configs are not in it. */
export function storedStack(view: StoreView, name: string): StackSpec {
  const stack = view.ofStack('stack', name)[0];
  if (stack === undefined || stack.removing)
    throw new NotFoundError(`no such stack: ${name}`, { hint: '`tsstack ls` lists those that there are' });
  const byKey = <Thing extends { readonly key: string; readonly spec: unknown }>(
    things: readonly Thing[],
  ): Readonly<Record<string, Thing['spec']>> => Object.fromEntries(things.map(({ key, spec }) => [key, spec]));
  const { workingDir, files, disabledServices, providers } = stack;
  return {
    name,
    workingDir,
    files,
    disabledServices,
    providers,
    services: Object.fromEntries(view.ofStack('service', name).map((service) => [service.name, service.spec])),
    networks: byKey(view.ofStack('network', name)),
    volumes: byKey(view.ofStack('volume', name).filter(({ anonymousOf }) => anonymousOf === null)),
    secrets: byKey(view.ofStack('secret', name)),
    configs: byKey(view.ofStack('config', name)),
  };
}

/** The service of that name; throws when there is none. */
export function findService(view: StoreView, stack: string, name: string): ServiceObject {
  const service = view.ofStack('service', stack).find((candidate) => candidate.name === name);
  if (service === undefined)
    throw new NotFoundError(`no such service: ${name} (stack ${stack})`, { hint: 'see `tsstack service ls`' });
  return service;
}
