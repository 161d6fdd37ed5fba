import { TsstackError } from '../../model/errors.ts';
import type { PullPolicy, StackSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { located } from '../project/locate-error.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { askImage } from '../images/ask-image.ts';
import { askHosts, imageHosts } from '../images/image-hosts.ts';
import { pullImage } from '../streams/pull-image.ts';

/** Names of the services whose images could be built. */
export function buildableServices({ spec, loaded }: LoadedSpec): readonly string[] {
  return Object.keys(spec.services).filter((name) => loaded.project.services[name]?.build !== undefined);
}

/** Images that could be built have to be there already, or where the file's `image` can be pulled from: building comes later. */
export async function requireBuiltImages(
  control: ControlClient,
  project: LoadedSpec,
  options: { readonly progress: Progress; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  for (const name of buildableServices(project))
    await located(project.loaded, requireImage(control, project.spec, name, options));
}

async function requireImage(
  control: ControlClient,
  spec: StackSpec,
  name: string,
  { progress, signal }: { readonly progress: Progress; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { image = '', pullPolicy = 'never' } = spec.services[name] ?? {};
  try {
    if (await isThere(control, image)) return;
    if (pullPolicy !== 'never') return await pullImage(control, image, withoutAge(pullPolicy), progress, signal);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cannotBuild(name, `image ${image} cannot be had: ${(cause as Error).message}`, cause);
  }
  throw cannotBuild(name, `image ${image} is on no host`);
}

/** What is not here has no age. */
function withoutAge(policy: Exclude<PullPolicy, 'never'>): 'always' | 'missing' {
  return policy === 'always' ? 'always' : 'missing';
}

/** Whether any host of the cluster has it: from there it comes to those that need it. */
async function isThere(control: ControlClient, image: string): Promise<boolean> {
  const answers = await askHosts(
    await imageHosts(control, []),
    (target) => askImage(control, 'image.find', { references: [image], readFiles: true }, target),
    () => undefined, // what only it has can be had when it is back
  );
  return answers.some(({ answer }) => answer.images.length > 0);
}

function cannotBuild(name: string, what: string, cause?: unknown): TsstackError {
  return new TsstackError('unsupported', `${what}; building it is not supported yet`, {
    keys: ['services', name, 'build'],
    hint: 'build it elsewhere and bring it here under that name, with "tsstack load" or a registry',
    cause,
  });
}
