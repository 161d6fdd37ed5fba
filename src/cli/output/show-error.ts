import type { CommandContext } from '../command-line/verb.ts';
import { hasColours } from './colour.ts';

/** Tells of an error that the command does not end with, as the exit code is that of somebody else. */
export async function showError({ io, globals }: Pick<CommandContext, 'io' | 'globals'>, error: Error): Promise<void> {
  const { renderError } = await import('./render-error.ts');
  io.stderr.write(await renderError(error, { json: false, colours: hasColours(globals, io, io.stderr) }));
}
