import { TaskError } from '../errors.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { ImageDefaults } from './image-defaults.ts';

/**
 * argv of the container: entrypoint, then command, each the file's or else the image's. An entrypoint in the file, even an
 * empty one, also hides the image's command, which was written for the image's own entrypoint.
 */
export function resolveCommand(
  spec: Pick<ContainerSpec, 'entrypoint' | 'command'>,
  image: Pick<ImageDefaults, 'entrypoint' | 'command'>,
): readonly string[] {
  const entrypoint = spec.entrypoint ?? image.entrypoint;
  const command = spec.command ?? (spec.entrypoint === null ? image.command : []);
  const argv = [...entrypoint.filter((word, index) => index > 0 || word !== ''), ...command];
  if (argv.length === 0) {
    throw new TaskError('invalid', 'no command: neither the file nor the image says what to run', {
      hint: 'add `command:` to the service',
    });
  }
  return argv;
}
