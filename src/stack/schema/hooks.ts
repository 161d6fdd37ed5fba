import { command } from '../forms/command.ts';
import { environment, list, object, oneOrMany } from './collections.ts';
import { flag, oneOf, text } from './scalars.ts';

const hookKeys = { command, user: text, privileged: flag, working_dir: text, environment };

/** A command run in each container: post_start, pre_stop, and `exec` of a watch rule. */
export const hook = object(hookKeys, ['command']);

/** A command run in a container of its own before the service starts. */
export const initHook = object({ ...hookKeys, image: text, per_replica: flag });

/** `develop`: what to do when a file of the project changes. */
export const develop = object({
  watch: list(
    object(
      {
        path: text,
        action: oneOf(['rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec']),
        target: text,
        exec: hook,
        include: oneOrMany(text),
        ignore: oneOrMany(text),
        initial_sync: flag,
      },
      ['path', 'action'],
    ),
  ),
});
