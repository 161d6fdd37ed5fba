import type { ProviderSpec } from '../../model/provider-spec.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { callProvider } from './call-provider.ts';
import { inOrder } from './provide.ts';

interface ProvidersOfStack {
  readonly stack: string;
  readonly providers: Readonly<Record<string, ProviderSpec>>;
  /** Default: a display of its own. */
  readonly progress?: Progress;
}

/**
 * Has the providers that the command is about stop or give back what they made, when the containers that use it are gone; the last
 * one first. Resolves to their number.
 */
export async function endProviders(
  context: Pick<CommandContext, 'arguments' | 'globals' | 'io'>,
  command: 'stop' | 'down',
  { stack, providers, progress }: ProvidersOfStack,
): Promise<number> {
  const services = context.arguments;
  const named = Object.keys(providers).filter((name) => services.length === 0 || services.includes(name));
  if (named.length === 0) return 0;
  const { env, cwd } = context.io;
  const shown = progress ?? openProgress(context, command);
  try {
    for (const name of inOrder(named, { providers }).toReversed()) {
      const spec = providers[name];
      const surroundings = { env, cwd, progress: shown, config: null };
      if (spec !== undefined) await callProvider({ stack, name, spec }, command, surroundings);
    }
  } finally {
    shown.stop();
  }
  return named.length;
}
