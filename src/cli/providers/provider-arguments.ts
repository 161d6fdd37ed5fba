import * as z from 'zod';
import type { ProviderSpec } from '../../model/provider-spec.ts';
import { PlatformError } from './errors.ts';

/** What a provider's program can be told to do. */
export type ProviderCommand = 'up' | 'stop' | 'down';

const parameters = z.object({
  parameters: z.array(z.object({ name: z.string(), required: z.boolean().default(false) })).default([]),
});

/** What a program says of itself with `compose metadata`. Programs may leave everything out, or the whole command. */
export const providerMetadata = z.object({
  description: z.string().default(''),
  up: parameters.optional(),
  down: parameters.optional(),
  stop: parameters.optional(),
});

export type ProviderMetadata = z.infer<typeof providerMetadata>;

/** A provider of a stack by its name in the file. */
export interface NamedProvider {
  readonly stack: string;
  readonly name: string;
  readonly spec: ProviderSpec;
}

/**
 * Arguments of the program; null when it does not know the command, which is asked of `stop` alone. What the program tells of its
 * parameters decides which options it gets; without that it gets all.
 */
export function providerArguments(
  { stack, name, spec }: NamedProvider,
  command: ProviderCommand,
  metadata: ProviderMetadata | null,
): readonly string[] | null {
  if (command === 'stop' && metadata?.stop === undefined) return null;
  const known = isEmpty(metadata) ? null : (metadata?.[command]?.parameters ?? []);
  const missing = known?.find((parameter) => parameter.required && !Object.hasOwn(spec.options, parameter.name));
  if (missing !== undefined) {
    const message = `provider ${spec.type} needs the option ${missing.name}`;
    throw new PlatformError(['services', name, 'provider'], message, `add ${missing.name}: to provider.options`);
  }
  const options = Object.entries(spec.options)
    .filter(([option]) => known === null || known.some((parameter) => parameter.name === option))
    .flatMap(([option, values]) => values.map((value) => `--${option}=${value}`));
  return ['compose', `--project-name=${stack}`, command, ...options, name];
}

function isEmpty(metadata: ProviderMetadata | null): boolean {
  return metadata === null || (metadata.description === '' && metadata.up === undefined && metadata.down === undefined);
}
