import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { provide } from '../providers/provide.ts';
import { requireBuiltImages } from './built-images.ts';

interface PrepareOptions {
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** With `--no-deps`: the services that are named. */
  readonly only?: readonly string[] | undefined;
}

/** What has to be there before managers can be told of a stack; resolves to the stack with what it adds to containers. */
export async function prepareApply(
  { io }: Pick<CommandContext, 'io'>,
  control: ControlClient,
  project: LoadedSpec,
  options: PrepareOptions,
): Promise<LoadedSpec> {
  await requireBuiltImages(control, project, options);
  return await provide(control, project, { ...options, io });
}
