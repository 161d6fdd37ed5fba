import type { Flag } from './flag.ts';

/** `-t` of the verbs that stop containers. */
export const timeoutFlag = {
  type: 'integer',
  short: 't',
  value: 'SECONDS',
  help: 'Time between the stop signal and SIGKILL; -1 = for ever',
} as const satisfies Flag;

export const quietPullFlag = { type: 'boolean', help: 'Pull without showing progress' } as const satisfies Flag;

export const pullFlag = {
  type: 'string',
  value: 'POLICY',
  choices: ['always', 'missing', 'never', 'policy', 'if_not_present'],
  help: 'Pull images before: always, missing or never; default: the policy of each service',
} as const satisfies Flag;

export const scaleFlag = {
  type: 'strings',
  value: 'SERVICE=N',
  help: 'Number of containers of a service, instead of what the file says',
} as const satisfies Flag;

const noBuilds = 'building images comes later; build with another tool and `tsstack load` the result';

/** Flags about building. */
export const buildFlags = {
  build: { type: 'boolean', help: '', unsupported: noBuilds },
  'no-build': { type: 'boolean', help: 'Build no image; nothing is ever built yet', hidden: true },
  'quiet-build': { type: 'boolean', help: '', unsupported: noBuilds },
} as const satisfies Readonly<Record<string, Flag>>;

/** Milliseconds of `-t`, as requests take them. */
export function graceMs(seconds: number | undefined): number | null {
  if (seconds === undefined) return null;
  return seconds < 0 ? -1 : seconds * 1000;
}
