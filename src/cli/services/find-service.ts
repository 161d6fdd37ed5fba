import type { ServiceObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import { didYouMean } from '../../stack/suggest.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { isStackGiven, stackName } from '../project/stack-name.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { listObjects } from '../tasks/list-tasks.ts';
import type { ObjectView } from '../tasks/object-view.ts';

/** The services that a command names, as the daemon knows them, and everything that may be of theirs. */
export interface NamedServices {
  readonly control: ControlClient;
  readonly services: readonly ServiceObject[];
  readonly view: ObjectView;
}

/** By their names in the stack of the command, or as `<stack>_<service>` in any, as `service ls` shows them. Throws when one is not there. */
export async function findServices(
  context: Pick<CommandContext, 'globals' | 'io'>,
  names: readonly string[],
): Promise<NamedServices> {
  const [control, stack] = await Promise.all([connect(context, 'if-known'), ownStack(context)]);
  const view = await listObjects(control, '', ['service', 'task']);
  const known = view.ofKind('service');
  const services = names.map((name) => {
    const found =
      known.find((service) => service.stack === stack && service.name === name) ??
      known.find((service) => fullName(service) === name);
    if (found !== undefined) return found;
    const offers = known.map((service) => (service.stack === stack ? service.name : fullName(service)));
    const hint = didYouMean(name, offers) ?? 'see `tsstack service ls`';
    const place = stack === null ? '' : ` (stack ${stack})`;
    throw new TsstackError('not-found', `no such service: ${name}${place}`, { hint });
  });
  return { control, services, view };
}

/** Null in a directory without a stack file. */
async function ownStack(context: Pick<CommandContext, 'globals' | 'io'>): Promise<string | null> {
  try {
    return await stackName(context);
  } catch (error) {
    if (isStackGiven(context)) throw error;
    return null;
  }
}

function fullName({ stack, name }: ServiceObject): string {
  return `${stack}_${name}`;
}
