import { TsstackError } from '../../../../src/model/errors.ts';

/** How long a registry may keep us waiting. */
export interface RegistryDeadlines {
  /** For the connection, TLS included. */
  readonly connectMs: number;
  /** For the answer, and between two pieces of it. */
  readonly idleMs: number;
  /** First pause before another attempt; doubles with each. */
  readonly retryMs: number;
}

/** A registry on the other side of the world connects within a second; one that has said nothing for half a minute is stuck. */
export const defaultDeadlines: RegistryDeadlines = { connectMs: 10_000, idleMs: 30_000, retryMs: 500 };

/** The defaults with the idle time that TSSTACK_REGISTRY_TIMEOUT gives, in seconds; for slow lines, or for the impatient. */
export function registryDeadlines(env: Readonly<Record<string, string | undefined>>): RegistryDeadlines {
  const text = env['TSSTACK_REGISTRY_TIMEOUT'] ?? '';
  if (text === '') return defaultDeadlines;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new TsstackError('invalid', `TSSTACK_REGISTRY_TIMEOUT: ${text} is no number of seconds`);
  return { ...defaultDeadlines, idleMs: seconds * 1000 };
}

/** Attempts without any progress between them. */
export const maxAttempts = 5;

/** When no further attempt at a small request is begun, in ms after the first one: a host without a name server takes 10 s for each, and somebody waits. */
export const patienceMs = 15_000;

/** The pause before attempt number `attempt` (from 1), with jitter so that many hosts do not come back at the same moment. */
export function retryDelayMs(attempt: number, firstMs: number, random: () => number = Math.random): number {
  return firstMs * 2 ** (attempt - 1) * (0.5 + random() / 2);
}
