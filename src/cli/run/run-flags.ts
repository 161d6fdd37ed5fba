import { buildFlags, pullFlag, quietPullFlag } from '../command-line/common-flags.ts';
import type { Flag } from '../command-line/flag.ts';

/** Flags of `run`. */
export const runFlags = {
  ...buildFlags,
  'cap-add': { type: 'strings', value: 'CAPABILITY', help: 'Add a capability' },
  'cap-drop': { type: 'strings', value: 'CAPABILITY', help: 'Drop a capability' },
  detach: { type: 'boolean', short: 'd', help: 'Leave it running in the background and print its id' },
  entrypoint: { type: 'string', value: 'COMMAND', help: 'Entrypoint instead of the one of the service' },
  env: { type: 'strings', short: 'e', value: 'KEY[=VALUE]', help: 'Set a variable' },
  'env-from-file': { type: 'strings', value: 'FILE', help: 'Set the variables of a file' },
  interactive: { type: 'boolean', short: 'i', default: true, help: 'Keep standard input open' },
  label: { type: 'strings', short: 'l', value: 'KEY=VALUE', help: 'Add a label' },
  name: { type: 'string', value: 'NAME', help: 'Name of the container' },
  'no-deps': { type: 'boolean', help: 'Start no dependencies' },
  'no-tty': { type: 'boolean', short: 'T', help: 'No terminal for the command' },
  publish: { type: 'strings', short: 'p', value: 'PORTS', help: 'Publish ports, written as in the file' },
  pull: pullFlag,
  quiet: { type: 'boolean', short: 'q', help: 'Show no progress' },
  'quiet-pull': quietPullFlag,
  'remove-orphans': { type: 'boolean', help: 'Remove containers of services that the file does not have' },
  rm: { type: 'boolean', help: 'Remove the container when it has ended' },
  'service-ports': { type: 'boolean', short: 'P', help: 'Publish the ports of the service' },
  tty: { type: 'boolean', short: 't', default: true, hidden: true, help: 'A terminal for the command' },
  'use-aliases': { type: 'boolean', help: 'The names of the service lead to this container too' },
  user: { type: 'string', short: 'u', value: 'USER', help: 'Run it as this user' },
  volume: { type: 'strings', short: 'v', value: 'VOLUME', help: 'Add a mount, written as in the file' },
  workdir: { type: 'string', short: 'w', value: 'DIR', help: 'Run it in this directory' },
} as const satisfies Readonly<Record<string, Flag>>;
