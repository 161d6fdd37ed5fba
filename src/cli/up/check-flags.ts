import type { StackSpec } from '../../model/spec.ts';
import { didYouMean } from '../../stack/suggest.ts';
import { isTrue } from '../command-line/is-true.ts';
import { readScale } from '../command-line/read-scale.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import type { upFlags } from './up-flags.ts';

type Flags = CommandContext<typeof upFlags>['flags'];

/** Flags of `up` that exclude each other. */
export function checkFlags({ flags, io }: Pick<CommandContext<typeof upFlags>, 'flags' | 'io'>): void {
  if (flags.menu) throw new UsageError('--menu is not supported yet');
  const given = (name: keyof Flags): boolean => {
    const value = flags[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  };
  for (const [flag, others] of exclusions) {
    const other = others.find((name) => given(flag) && given(name));
    if (other !== undefined) throw new UsageError(`--${flag} and --${other} cannot be combined`);
  }
  if (flags['remove-orphans'] && isTrue(io.env['COMPOSE_IGNORE_ORPHANS'])) {
    throw new UsageError('--remove-orphans and COMPOSE_IGNORE_ORPHANS cannot be combined');
  }
}

/** Services that flags name have to be in the file, as those of the arguments. */
export function checkServiceFlags({ flags }: Pick<CommandContext<typeof upFlags>, 'flags'>, spec: StackSpec): void {
  const known = Object.keys(spec.services);
  const named = {
    attach: flags.attach,
    'no-attach': flags['no-attach'],
    'exit-code-from': [flags['exit-code-from'] ?? []].flat(),
    scale: Object.keys(readScale(flags.scale)),
  };
  for (const [flag, names] of Object.entries(named)) {
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) continue;
    throw new UsageError(`--${flag}: no such service: ${unknown}`, didYouMean(unknown, known) ?? undefined);
  }
}

const exclusions: readonly (readonly [keyof Flags, readonly (keyof Flags)[]])[] = [
  [
    'detach',
    [
      'abort-on-container-exit',
      'abort-on-container-failure',
      'exit-code-from',
      'attach',
      'no-attach',
      'attach-dependencies',
    ],
  ],
  [
    'wait',
    ['abort-on-container-exit', 'abort-on-container-failure', 'exit-code-from', 'attach', 'attach-dependencies'],
  ],
  ['no-recreate', ['force-recreate', 'renew-anon-volumes', 'always-recreate-deps']],
  ['abort-on-container-failure', ['abort-on-container-exit', 'exit-code-from']],
  ['attach', ['attach-dependencies']],
];
