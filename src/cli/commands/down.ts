import { graceMs, timeoutFlag } from '../command-line/common-flags.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { showDryRun } from '../output/dry-run.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { isByNameOnly, readServices } from '../project/known-services.ts';
import type { TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { isLocalImage } from '../output/image-reference.ts';
import { titleOf } from '../output/object-titles.ts';
import { listObjects } from '../tasks/list-tasks.ts';
import { endProviders } from '../providers/end-providers.ts';
import { removeStack } from '../tasks/remove-stack.ts';

const flags = {
  'remove-orphans': { type: 'boolean', help: 'Remove containers of services that the file does not have' },
  rmi: {
    type: 'string',
    value: 'WHICH',
    choices: ['local', 'all'],
    help: 'Remove images: all of the services, or those built here',
  },
  timeout: timeoutFlag,
  volumes: {
    type: 'boolean',
    short: 'v',
    help: 'Remove named volumes of the file and anonymous ones: their content is lost',
  },
} as const;

/** `tsstack down` */
export const down = defineVerb({ name: 'down', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { volumes, rmi, timeout, 'remove-orphans': removeOrphans } = context.flags;
  // By name only, a service that is not there is what was wanted.
  const checked = isByNameOnly(context) ? [] : context.arguments;
  const { name, control, tasks, providers: asked } = await openStack(context, checked);
  const file = isByNameOnly(context) ? { names: [], providers: {} } : await readServices(context);
  const providers = { ...file.providers, ...asked };
  const known = new Set(isByNameOnly(context) ? servicesOf(tasks) : file.names);
  const services = isByNameOnly(context)
    ? context.arguments.filter((service) => known.has(service))
    : context.arguments.filter((service) => !Object.hasOwn(providers, service));
  const isAboutContainers = context.arguments.length === 0 || services.length > 0;
  if (context.globals['dry-run']) {
    const targets = isAboutContainers ? selectTasks(tasks, services, { oneOffs: true }) : [];
    const isMeant = (task: TaskObject): boolean => removeOrphans || (task.oneOff === null && known.has(task.service));
    const leaving = targets.filter(isMeant);
    const isWhole = context.arguments.length === 0 && tasks.every((task) => leaving.includes(task));
    const resources = isWhole ? await resourcesOf(control, name, volumes) : [];
    showDryRun(context, 'down', leaving, 'Removed', [...resources, ...(rmi === 'all' ? imagesOf(leaving) : [])]);
    return 0;
  }
  const request = {
    stack: name,
    services,
    volumes,
    removeOrphans,
    stopGraceMs: graceMs(timeout),
    removeImages: rmi ?? '',
    knownServices: [...known],
  };
  const removed = isAboutContainers ? await removeStack(context, control, { title: 'down', request }) : 0;
  const ended = await endProviders(context, 'down', { stack: name, providers });
  return removed + ended === 0 ? sayNothing(context, name) : 0;
}

/** By name only, whatever has containers is known, as with docker compose. */
function servicesOf(tasks: readonly TaskObject[]): readonly string[] {
  return tasks.filter(({ oneOff }) => oneOff === null).map(({ service }) => service);
}

/** What goes with the last container. */
async function resourcesOf(control: ControlClient, stack: string, withVolumes: boolean): Promise<readonly string[]> {
  const view = await listObjects(control, stack, ['network', 'volume']);
  const networks = view.ofKind('network').filter(({ spec }) => !spec.external);
  const volumes = view.volumes.filter(({ spec, anonymousOf }) => withVolumes && !spec.external && anonymousOf === null);
  return [...networks, ...volumes].map(({ kind, name }) => titleOf(kind, name));
}

function imagesOf(tasks: readonly TaskObject[]): readonly string[] {
  const images = new Set(tasks.map(({ spec }) => spec.image).filter((image) => !isLocalImage(image)));
  return [...images].map((image) => titleOf('image', image));
}

function sayNothing({ io }: CommandContext<typeof flags>, name: string): number {
  io.stderr.write(`Warning: No resource found to remove for project "${name}".\n`);
  return 0;
}
