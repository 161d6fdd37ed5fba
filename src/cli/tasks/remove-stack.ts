import type { PlanStep, RemoveStackRequest } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { imageHosts } from '../images/image-hosts.ts';
import { removeImage } from '../images/remove-image.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { titleOf } from '../output/object-titles.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { followRemovals } from './follow-removals.ts';
import { unlessInterrupted } from './unless-interrupted.ts';

interface Removal {
  readonly title: string;
  readonly request: Partial<RemoveStackRequest> & Pick<RemoveStackRequest, 'stack'>;
}

/** `down`: takes a stack away and shows it until it is gone. Resolves to the number of things that went. */
export async function removeStack(
  context: Pick<CommandContext, 'globals' | 'io'>,
  control: ControlClient,
  { title, request }: Removal,
): Promise<number> {
  const progress = openProgress(context, title);
  try {
    const { steps, warnings } = await control.removeStack(request);
    for (const warning of warnings) progress.line(`warning: ${warning}`);
    await unlessInterrupted(context.io, progress, (signal) =>
      followRemovals(control, request.stack, steps, progress, signal),
    );
    await removeImages(context, control, steps, progress);
    return steps.length;
  } finally {
    progress.stop();
  }
}

/** On every host. Images of other stacks stay: that they are in use is a warning, not a failure. */
async function removeImages(
  { io }: Pick<CommandContext, 'io'>,
  control: ControlClient,
  steps: readonly PlanStep[],
  progress: Progress,
): Promise<void> {
  const images = steps.filter(({ kind }) => kind === 'image');
  if (images.length === 0) return;
  const hosts = await imageHosts(control, []);
  for (const { name } of images) {
    const id = titleOf('image', name);
    try {
      await removeImage({ control, io, hosts, force: false }, name);
      progress.event({ id, state: 'done', text: 'Removed' });
    } catch (error) {
      progress.event({ id, state: 'warning', text: 'Skipped', details: (error as Error).message });
    }
  }
}
