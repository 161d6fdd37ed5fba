import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import { UsageError } from '../errors.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { withPullPolicy } from '../up/apply-request.ts';
import { oneOffService } from './one-off-service.ts';
import type { RunContext } from './run-job.ts';

/** The stack with the service as this run wants it. */
export function readService(
  context: RunContext,
  { spec, loaded }: LoadedSpec,
  tty: boolean,
): { readonly spec: StackSpec; readonly service: ServiceSpec } {
  const [name = '', ...command] = context.arguments;
  const declared = spec.services[name];
  if (declared === undefined) throw new UsageError(`no such service: ${name}`);
  const stdin = context.flags.interactive && !context.flags.detach;
  const service = oneOffService(declared, context, { command, tty, stdin, lookup: loaded.lookup });
  requireVolumes(spec, service);
  const changed = { ...spec, services: { ...spec.services, [name]: service } };
  return { spec: withPullPolicy(changed, context.flags.pull), service };
}

/** Named volumes of `-v` are those of the file. */
function requireVolumes({ volumes }: StackSpec, { container }: ServiceSpec): void {
  for (const mount of container.mounts) {
    if (mount.type !== 'volume' || mount.volume === null || Object.hasOwn(volumes, mount.volume)) continue;
    const { target, volume } = mount;
    const hint = `declare it under \`volumes:\` of the file, or write a path, as ./${volume}`;
    throw new UsageError(`mount ${target}: the stack has no volume ${volume}`, hint);
  }
}
