import { TsstackError } from '../../model/errors.ts';
import type { TaskObject } from '../../model/objects.ts';
import type { ProviderSpec } from '../../model/provider-spec.ts';
import { lowerProviders } from '../../stack/lower/lower-providers.ts';
import { didYouMeanOneOf } from '../../stack/suggest.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { loadOptions } from './load-options.ts';

/** The name of the stack may be the wrong one. */
const emptyStack = 'that stack has no containers: `tsstack ls` shows the stacks that have';

/** Throws `no such service` for a name that neither the running stack nor its file has. The file is loaded only when the stack does not know. */
export async function requireServices(
  context: Pick<CommandContext, 'globals' | 'io'>,
  asked: readonly string[],
  tasks: readonly TaskObject[],
): Promise<void> {
  const running = new Set(tasks.map(({ service }) => service));
  const missing = asked.filter((name) => !running.has(name));
  if (missing.length === 0) return;
  const known = new Set([...running, ...(await servicesOfFile(context))]);
  const unknown = missing.find((name) => !known.has(name));
  if (unknown === undefined) return;
  const hint = known.size === 0 ? emptyStack : didYouMeanOneOf(unknown, known);
  throw new TsstackError('not-found', `no such service: ${unknown}`, hintOf(hint));
}

/** True when the command named its stack and no file: then only what exists counts. */
export function isByNameOnly({ globals }: Pick<CommandContext, 'globals'>): boolean {
  return globals['project-name'] !== undefined && globals.file.length === 0;
}

/** Every service of the stack file, those that a profile switches off included; none when the command has no file. */
export async function servicesOfFile(context: Pick<CommandContext, 'globals' | 'io'>): Promise<readonly string[]> {
  return isByNameOnly(context) ? [] : (await readServices(context)).names;
}

/** The services of the command's file, and those of them that providers stand in for. */
export async function readServices(
  context: Pick<CommandContext, 'globals' | 'io'>,
): Promise<{ readonly names: readonly string[]; readonly providers: Readonly<Record<string, ProviderSpec>> }> {
  const { loadStack } = await import('../../stack/index.ts');
  const { project, disabledServices } = loadStack({ ...loadOptions(context), noEnvResolution: true });
  return { names: [...Object.keys(project.services), ...disabledServices], providers: lowerProviders(project) };
}

function hintOf(hint: string | null): { readonly hint?: string } {
  return hint === null ? {} : { hint };
}
