import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ProviderSpec } from '../../model/provider-spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { listObjects, sortTasks } from '../tasks/list-tasks.ts';
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
  /** The nodes of the cluster, by id. */
  readonly nodes: ReadonlyMap<string, NodeObject>;
  /** Those that it has asked for something. */
  readonly providers: Readonly<Record<string, ProviderSpec>>;
}

/** Finds the command's stack. `services` are checked: unknown ones are an error. */
export async function openStack(
  context: Pick<CommandContext, 'globals' | 'io'>,
  services: readonly string[],
): Promise<ExistingStack> {
  // Both take some milliseconds and neither needs the other.
  const [control, name] = await Promise.all([connect(context, 'if-known'), stackName(context)]);
  const view = await listObjects(control, name, ['task', 'stack', 'node']);
  const providers = view.stacks.find((stack) => stack.name === name)?.providers ?? {};
  const all = sortTasks(view.tasks);
  const tasks = all.filter(({ desired }) => desired !== 'remove');
  await requireServices(
    context,
    services.filter((service) => !Object.hasOwn(providers, service)),
    tasks,
  );
  const leaving = all.filter(({ desired }) => desired === 'remove');
  const nodes = new Map(view.ofKind('node').map((node) => [node.id, node]));
  return { name, control, tasks, leaving, nodes, providers };
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
