import type { TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { listTasks } from '../tasks/list-tasks.ts';
import { requireServices } from './known-services.ts';
import { stackName } from './stack-name.ts';

/** A stack as the daemon knows it, for verbs that act on what exists. */
export interface ExistingStack {
  readonly name: string;
  readonly control: ControlClient;
  /** All its containers, those that are on their way out excepted. */
  readonly tasks: readonly TaskObject[];
  /** Those that are on their way out. Their programs may still run, for as long as their grace is. */
  readonly leaving: readonly TaskObject[];
}

/** Finds the command's stack. `services` are checked: unknown ones are an error. */
export async function openStack(
  context: Pick<CommandContext, 'globals' | 'io'>,
  services: readonly string[],
): Promise<ExistingStack> {
  // Both take some milliseconds and neither needs the other.
  const [control, name] = await Promise.all([connect(context, 'if-known'), stackName(context)]);
  const all = await listTasks(control, name);
  const tasks = all.filter(({ desired }) => desired !== 'remove');
  await requireServices(context, services, tasks);
  return { name, control, tasks, leaving: all.filter(({ desired }) => desired === 'remove') };
}

/** Containers of the named services, or all; one-offs only when asked for. */
export function selectTasks(
  tasks: readonly TaskObject[],
  services: readonly string[],
  options: { readonly oneOffs: boolean },
): readonly TaskObject[] {
  return tasks.filter(
    (task) => (services.length === 0 || services.includes(task.service)) && (options.oneOffs || task.oneOff === null),
  );
}
