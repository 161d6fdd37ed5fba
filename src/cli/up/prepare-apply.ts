import type { ControlClient } from '../../rpc/service-types.ts';
import { parallelLimit } from '../command-line/parallel-limit.ts';
import type { CommandContext } from '../command-line/verb.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { provide } from '../providers/provide.ts';
import { withPullPolicy } from './apply-request.ts';
import { requireBuiltImages } from './built-images.ts';
import { pullProgress } from './images.ts';
import { getMissingImages } from './missing-images.ts';

interface PrepareOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** With `--no-deps`: the services that are named. */
  readonly only?: readonly string[] | undefined;
  /** With `run`: the service of the one-off. */
  readonly oneOff?: string;
}

interface PrepareContext extends Pick<CommandContext, 'io' | 'globals'> {
  readonly flags: { readonly pull?: string | undefined; readonly 'quiet-pull'?: boolean; readonly 'no-deps'?: boolean };
}

/** What has to be there before managers can be told of a stack; resolves to the stack with what it adds to containers. */
export async function prepareApply(
  context: PrepareContext,
  control: ControlClient,
  project: LoadedSpec,
  options: PrepareOptions,
): Promise<LoadedSpec> {
  const { io, flags } = context;
  await requireBuiltImages(control, project, options);
  const progress = pullProgress(context, options.progress);
  const wanted = { ...project, spec: withPullPolicy(project.spec, flags.pull) };
  await getMissingImages(control, wanted, { ...options, progress, limit: parallelLimit(context) });
  return await provide(control, project, { ...options, io });
}
