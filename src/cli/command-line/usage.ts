import type { Flag, FlagTable } from './flag.ts';
import { globalFlags } from './global-flags.ts';
import type { AnyVerb } from './verb.ts';

/** Text of `tsstack VERB --help`. */
export function verbUsage(verb: AnyVerb, summary: string): string {
  const flags = describeFlags(verb.flags);
  return [
    `Usage: tsstack ${verb.name} [OPTIONS]${verb.usage === '' ? '' : ` ${verb.usage}`}`,
    '',
    summary,
    ...(flags.length === 0 ? [] : ['', 'Options:', ...flags]),
    '',
    'Global options (before or after the verb; see `tsstack --help`): -f, -p, --profile, --env-file, …',
    '',
  ].join('\n');
}

/** Text of `tsstack GROUP --help`. */
export function groupUsage(name: string, summaries: Readonly<Record<string, string>>): string {
  return [
    `Usage: tsstack ${name} VERB [OPTIONS] [ARGUMENTS]`,
    '',
    'Verbs:',
    ...describeVerbs(summaries),
    '',
    `See \`tsstack ${name} VERB --help\` for the options of a verb.`,
    '',
  ].join('\n');
}

/** Text of `tsstack --help`. */
export function rootUsage(summaries: Readonly<Record<string, string>>): string {
  return [
    'Usage: tsstack [GLOBAL OPTIONS] VERB [OPTIONS] [ARGUMENTS]',
    '',
    'Runs a stack of containers from one declarative file: tsstack up -f stack.yml',
    '',
    'Verbs:',
    ...describeVerbs(summaries),
    '',
    'Global options:',
    ...describeFlags(globalFlags),
    '',
    'See `tsstack VERB --help` for the options of a verb.',
    '',
  ].join('\n');
}

function describeVerbs(summaries: Readonly<Record<string, string>>): readonly string[] {
  const width = Math.max(...Object.keys(summaries).map((name) => name.length));
  return Object.entries(summaries).map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`);
}

function describeFlags(table: FlagTable): readonly string[] {
  const shown = Object.entries(table).filter(([, flag]) => flag.hidden !== true && flag.unsupported === undefined);
  const rows = shown
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, flag]) => [label(name, flag), flag.help] as const);
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`);
}

function label(name: string, flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  const value = flag.type === 'boolean' ? '' : ` ${flag.value ?? 'VALUE'}`;
  const fallback = flag.default === true ? ' (on; =false switches it off)' : '';
  return `${short}--${name}${value}${fallback}`;
}
