import type { ServiceObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import { didYouMean } from '../../stack/suggest.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { stackName } from '../project/stack-name.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { listObjects } from '../tasks/list-tasks.ts';
import type { ObjectView } from '../tasks/object-view.ts';

/** The services that a command names, as the daemon knows them. */
export interface NamedServices {
  readonly control: ControlClient;
  readonly stack: string;
  readonly services: readonly ServiceObject[];
  readonly view: ObjectView;
}

/** Throws when one of them is not there. */
export async function findServices(
  context: Pick<CommandContext, 'globals' | 'io'>,
  names: readonly string[],
): Promise<NamedServices> {
  const [control, stack] = await Promise.all([connect(context, 'if-known'), stackName(context)]);
  const view = await listObjects(control, stack, ['service', 'task']);
  const known = view.ofKind('service');
  const services = names.map((name) => {
    // Docker's tools call it by its stack as well.
    const found = known.find((service) => service.name === name || `${stack}_${service.name}` === name);
    if (found !== undefined) return found;
    const hint =
      didYouMean(
        name,
        known.map((service) => service.name),
      ) ?? 'see `tsstack service ls`';
    throw new TsstackError('not-found', `no such service: ${name} (stack ${stack})`, { hint });
  });
  return { control, stack, services, view };
}
