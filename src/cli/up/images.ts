import type { PullPolicy, StackSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { QuietProgress } from '../output/progress/quiet-progress.ts';
import { isLocalImage } from '../output/image-reference.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';
import { pullImage } from '../streams/pull-image.ts';

/** Pulls the images that are to be pulled though they are here: a container that runs already would otherwise never get the new one. */
export async function pullEachTime(
  control: ControlClient,
  spec: StackSpec,
  options: { readonly limit: number; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const wishes = new Map(
    Object.values(spec.services).flatMap(({ image, pullPolicy }): [string, EagerPolicy][] =>
      isLocalImage(image) || pullPolicy === 'missing' || pullPolicy === 'never'
        ? []
        : [[`${image} ${JSON.stringify(pullPolicy)}`, { image, policy: pullPolicy }]],
    ),
  );
  await forEachLimited([...wishes.values()], options.limit, ({ image, policy }) =>
    pullImage(control, image, policy, options.progress, options.signal),
  );
}

interface EagerPolicy {
  readonly image: string;
  readonly policy: Exclude<PullPolicy, 'missing' | 'never'>;
}

/** Where pulls are shown: nowhere with --quiet-pull. */
export function pullProgress(
  { io, flags }: Pick<CommandContext, 'io'> & { readonly flags: { readonly 'quiet-pull'?: boolean } },
  progress: Progress,
): Progress {
  return flags['quiet-pull'] === true ? new QuietProgress(io.stderr) : progress;
}
