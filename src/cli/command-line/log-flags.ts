import type { Flag } from './flag.ts';

/** Flags on how output of containers looks, of `logs` and `up`. */
export const logStyleFlags = {
  'no-color': { type: 'boolean', help: 'No colours in front of the lines' },
  'no-log-prefix': { type: 'boolean', help: 'No names in front of the lines' },
} as const satisfies Readonly<Record<string, Flag>>;
