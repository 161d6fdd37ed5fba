import { UsageError } from '../errors.ts';
import type { CommandContext } from './verb.ts';

// Enough to hide the latency of each, few enough not to crowd a registry.
const defaultLimit = 8;

/** How many things this command does at once: --parallel or COMPOSE_PARALLEL_LIMIT; -1 = no limit. */
export function parallelLimit({ globals, io }: Pick<CommandContext, 'globals' | 'io'>): number {
  const variable = io.env['COMPOSE_PARALLEL_LIMIT'];
  if (globals.parallel !== undefined) return globals.parallel;
  if (variable === undefined || variable === '') return defaultLimit;
  if (!/^-?\d+$/.test(variable)) {
    throw new UsageError(`COMPOSE_PARALLEL_LIMIT must be a whole number, found "${variable}"`);
  }
  return Number(variable);
}
