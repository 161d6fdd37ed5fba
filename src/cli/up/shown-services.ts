import type { StackSpec } from '../../model/spec.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { withDependencies } from '../project/with-dependencies.ts';
import type { upFlags } from './up-flags.ts';

type Flags = Pick<CommandContext<typeof upFlags>['flags'], 'attach' | 'no-attach' | 'attach-dependencies'>;

/** Services whose output an attached `up` shows; `targets` are those that it is about. */
export function shownServices(flags: Flags, spec: StackSpec, targets: ReadonlySet<string>): ReadonlySet<string> {
  const hidden = new Set(flags['no-attach']);
  return new Set(candidates(flags, spec, targets).filter((name) => !hidden.has(name)));
}

/** `attach: false` in the file is overruled by naming the service. */
function candidates(flags: Flags, spec: StackSpec, targets: ReadonlySet<string>): readonly string[] {
  if (flags.attach.length > 0) return flags.attach;
  const names = flags['attach-dependencies'] ? withDependencies(spec, [...targets]) : [...targets];
  return names.filter((name) => spec.services[name]?.attach !== false);
}
