import type { FlagValues } from './flag.ts';

/** Flags that stand before or after every verb; a verb's own flag of the same name or letter wins after the verb. */
export const globalFlags = {
  file: {
    type: 'strings',
    short: 'f',
    value: 'FILE',
    help: 'Stack file; several are merged, `-` reads standard input',
  },
  'project-name': { type: 'string', short: 'p', value: 'NAME', help: 'Name of the stack' },
  profile: { type: 'strings', value: 'NAME', help: 'Enable a profile' },
  'env-file': { type: 'strings', value: 'FILE', help: 'File of variables instead of .env' },
  'project-directory': { type: 'string', value: 'DIR', help: 'Directory that relative paths are resolved against' },
  'all-resources': { type: 'boolean', help: 'Keep networks, volumes, configs and secrets that no service uses' },
  host: { type: 'string', value: 'ADDRESS', help: 'Socket of the daemon, unix:///path (TSSTACK_HOST)' },
  ansi: { type: 'string', value: 'WHEN', choices: ['auto', 'never', 'always'], help: 'Colours: auto, never or always' },
  progress: {
    type: 'string',
    value: 'KIND',
    choices: ['auto', 'tty', 'plain', 'json', 'quiet'],
    help: 'Progress on standard error: auto, tty, plain, json or quiet',
  },
  parallel: { type: 'integer', value: 'N', help: 'Most things done at once by this command, -1 = no limit' },
  'dry-run': { type: 'boolean', help: 'Print what would be done and do nothing' },
  compatibility: { type: 'boolean', help: '', hidden: true, unsupported: 'container names have hyphens here' },
  workdir: { type: 'string', help: '', hidden: true, unsupported: 'write --project-directory instead' },
  'no-ansi': { type: 'boolean', help: '', hidden: true, unsupported: 'write --ansi never instead' },
} as const;

export type GlobalFlags = FlagValues<typeof globalFlags>;
