import type { CommandIo } from './command-line/io.ts';
import { isTrue } from './command-line/is-true.ts';
import { globalFlags } from './command-line/global-flags.ts';
import { parseFlags, valuesOf, type ParsedFlags } from './command-line/parse-flags.ts';
import type { FlagTable, RawValue } from './command-line/flag.ts';
import type { AnyVerb, VerbTable } from './command-line/verb.ts';
import { ExitError, UsageError } from './errors.ts';
import { hasColours } from './output/colour.ts';
import { verbNames } from './verb-names.ts';
import { verbs } from './verbs.ts';

/** Runs one command to its end; resolves to the exit code and never rejects. */
export async function runCommandLine(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    return await run(argv, io);
  } catch (error) {
    if (error instanceof ExitError) return error.exitCode;
    const { renderError, wantedAnsi, wantsJson } = await import('./output/render-error.ts');
    const style = { json: wantsJson(argv, io.env), colours: hasColours({ ansi: wantedAnsi(argv) }, io, io.stderr) };
    io.stderr.write(await renderError(error, style));
    return 1;
  }
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const rootTable = { ...globalFlags, version: { type: 'boolean', short: 'v', help: 'Print the version' } } as const;
  const before = parseFlags(argv, [rootTable], { command: 'tsstack', stopAtArgument: true });
  const [name, ...rest] = before.arguments;
  if (before.given.get('version') === true) return runVerb(verbs, [], ['version'], new Map(), io);
  if (name === undefined || (name === 'help' && rest.length === 0)) {
    return printRootUsage(io, before.help || name === 'help');
  }
  const words = name === 'help' ? [...rest, '--help'] : [name, ...(before.help ? ['--help'] : rest)];
  const [first = ''] = words;
  if (!verbNames.has(first)) throw await unknownVerb(first);
  return runVerb(verbs, [], words, before.given, io);
}

/** The verb that the first word names in the table; `path` are the words before it. */
async function runVerb(
  table: VerbTable,
  path: readonly string[],
  [word = '', ...argv]: readonly string[],
  before: ReadonlyMap<string, RawValue>,
  io: CommandIo,
): Promise<number> {
  const entry = Object.hasOwn(table, word) ? table[word] : undefined;
  if (entry === undefined) throw await unknownWord(path, word, Object.keys(table));
  const name = [...path, word].join(' ');
  if ('group' in entry) return runGroup(await entry.group(), [...path, word], argv, before, io);
  const verb = await entry.load();
  const parsed = parseFlags(argv, [verb.flags, globalFlags], {
    command: `tsstack ${name}`,
    stopAtArgument: verb.stopAtArgument === true,
  });
  if (parsed.help) {
    const { verbUsage } = await import('./command-line/usage.ts');
    io.stdout.write(verbUsage(verb, entry.summary));
    return 0;
  }
  checkArity(verb, parsed.arguments);
  refuseVariables(io.env);
  return verb.run({
    flags: valuesOf(verb.flags, parsed.given),
    given: new Set(parsed.given.keys()),
    globals: valuesOf(globalFlags, mergeGlobals(before, verb.flags, parsed)),
    arguments: parsed.arguments,
    io,
  });
}

/** Variables of compose that every verb obeys, or would. */
function refuseVariables(env: CommandIo['env']): void {
  if (isTrue(env['COMPOSE_COMPATIBILITY']))
    throw new UsageError('COMPOSE_COMPATIBILITY is not supported yet', 'container names have hyphens here; unset it');
  const ansi = env['COMPOSE_ANSI'] ?? '';
  const choices: readonly string[] = globalFlags.ansi.choices;
  if (ansi !== '' && !choices.includes(ansi))
    throw new UsageError(`COMPOSE_ANSI is "${ansi}"`, `it takes ${choices.join(', ')}`);
}

/** `tsstack cluster …`: global flags may stand before the next word, too. */
async function runGroup(
  table: VerbTable,
  path: readonly string[],
  argv: readonly string[],
  before: ReadonlyMap<string, RawValue>,
  io: CommandIo,
): Promise<number> {
  const parsed = parseFlags(argv, [globalFlags], { command: `tsstack ${path.join(' ')}`, stopAtArgument: true });
  if (parsed.arguments.length > 0 && !parsed.help)
    return runVerb(table, path, parsed.arguments, mergeGlobals(before, {}, parsed), io);
  const { groupUsage } = await import('./command-line/usage.ts');
  (parsed.help ? io.stdout : io.stderr).write(groupUsage(path.join(' '), summariesOf(table)));
  return parsed.help ? 0 : 1;
}

function summariesOf(table: VerbTable): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(table).map(([name, { summary }]) => [name, summary]));
}

/** Global flags of both places; lists add up, of others the later wins. What the verb took for itself is none. */
function mergeGlobals(
  before: ReadonlyMap<string, RawValue>,
  own: FlagTable,
  parsed: ParsedFlags,
): ReadonlyMap<string, RawValue> {
  const merged = new Map(before);
  for (const [name, value] of parsed.given) {
    if (Object.hasOwn(own, name)) continue;
    const earlier = before.get(name);
    merged.set(
      name,
      Array.isArray(value) && Array.isArray(earlier) ? [...(earlier as string[]), ...(value as string[])] : value,
    );
  }
  return merged;
}

function checkArity(verb: AnyVerb, words: readonly string[]): void {
  const [least, most] = verb.arity;
  if (words.length >= least && (most === null || words.length <= most)) return;
  const problem = words.length < least ? 'needs more arguments' : `takes no argument "${words[most ?? 0] ?? ''}"`;
  throw new UsageError(`tsstack ${verb.name} ${problem}`, `usage: tsstack ${verb.name} [OPTIONS] ${verb.usage}`);
}

const buildElsewhere = 'build with another tool, and bring the image here with `tsstack load` or `tsstack pull`';

/** Verbs of docker compose that come later, and what helps meanwhile. */
const laterVerbs: ReadonlyMap<string, string> = new Map([
  ['build', buildElsewhere],
  ['commit', buildElsewhere],
  ['export', '`tsstack cp SERVICE:/ - >FILE`'],
  ['publish', 'keep the files in a repository'],
  ['push', 'push with another tool'],
  ['watch', '`tsstack up -d` after a change replaces what has changed; a bind mount needs not even that'],
  ['bridge', '`tsstack config` prints the canonical file for other tools'],
  ['convert', 'it is called `tsstack config` now'],
]);

async function unknownVerb(name: string): Promise<UsageError> {
  const meanwhile = laterVerbs.get(name);
  if (meanwhile !== undefined) return new UsageError(`tsstack ${name} is not supported yet`, meanwhile);
  return unknownWord([], name, Object.keys(verbs));
}

async function unknownWord(path: readonly string[], word: string, known: readonly string[]): Promise<UsageError> {
  const { nearest } = await import('../stack/suggest.ts');
  const near = nearest(word, known);
  const command = ['tsstack', ...path].join(' ');
  const what = path.length === 0 ? `unknown verb "${word}"` : `unknown verb "${word}" of ${command}`;
  return new UsageError(what, near === undefined ? `see \`${command} --help\`` : `did you mean "${near}"?`);
}

/** Asked for, the help is an answer; without a verb it is a complaint. */
async function printRootUsage(io: CommandIo, isAsked: boolean): Promise<number> {
  const { rootUsage } = await import('./command-line/usage.ts');
  (isAsked ? io.stdout : io.stderr).write(rootUsage(summariesOf(verbs)));
  return isAsked ? 0 : 1;
}
