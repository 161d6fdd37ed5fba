import { buildFlags, pullFlag, quietPullFlag, scaleFlag, timeoutFlag } from '../command-line/common-flags.ts';
import type { Flag } from '../command-line/flag.ts';
import { logStyleFlags } from '../command-line/log-flags.ts';

/** Flags on what becomes of containers, of `up`, `create` and `plan`. */
export const applyFlags = {
  'force-recreate': { type: 'boolean', help: 'Replace containers although nothing has changed' },
  'no-recreate': { type: 'boolean', help: 'Leave containers that exist as they are' },
  'remove-orphans': { type: 'boolean', help: 'Remove containers of services that the file does not have' },
  scale: scaleFlag,
} as const satisfies Readonly<Record<string, Flag>>;

/** Flags that `up` and `plan` have besides. */
export const startFlags = {
  'always-recreate-deps': { type: 'boolean', help: 'Replace dependencies too, with --force-recreate or changes' },
  'no-deps': { type: 'boolean', help: 'Leave dependencies alone' },
  'no-start': { type: 'boolean', help: 'Create containers and start none' },
  pull: pullFlag,
  'renew-anon-volumes': {
    type: 'boolean',
    short: 'V',
    help: 'New anonymous volumes rather than those of the containers before',
  },
  timeout: timeoutFlag,
} as const satisfies Readonly<Record<string, Flag>>;

const noWatch = 'the development loop comes later';

/** All flags of `up`. */
export const upFlags = {
  ...applyFlags,
  ...startFlags,
  ...buildFlags,
  ...logStyleFlags,
  'abort-on-container-exit': { type: 'boolean', help: 'Stop everything when a container ends' },
  'abort-on-container-failure': {
    type: 'boolean',
    help: 'Stop everything when a container ends with a code other than 0',
  },
  attach: { type: 'strings', value: 'SERVICE', help: 'Show the output of these services only' },
  'attach-dependencies': { type: 'boolean', help: 'Show the output of dependencies too' },
  detach: { type: 'boolean', short: 'd', help: 'Leave containers running in the background' },
  'exit-code-from': {
    type: 'string',
    value: 'SERVICE',
    help: 'End with the exit code of this service; stops everything when a container ends',
  },
  menu: { type: 'boolean', help: '', hidden: true },
  'no-attach': { type: 'strings', value: 'SERVICE', help: 'Do not show the output of these services' },
  'quiet-pull': quietPullFlag,
  timestamps: { type: 'boolean', help: 'Show when each line was written' },
  wait: {
    type: 'boolean',
    help: 'Wait until services are running, and healthy where they have a check; then leave them running',
  },
  'wait-timeout': { type: 'integer', value: 'SECONDS', help: 'Longest wait of --wait' },
  watch: { type: 'boolean', short: 'w', help: '', unsupported: noWatch },
  yes: { type: 'boolean', short: 'y', help: 'Answer every question with yes' },
} as const satisfies Readonly<Record<string, Flag>>;
