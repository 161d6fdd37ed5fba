import type { CommandIo } from './command-line/io.ts';
import { isTrue } from './command-line/is-true.ts';
import { globalFlags } from './command-line/global-flags.ts';
import { parseFlags, valuesOf, type ParsedFlags } from './command-line/parse-flags.ts';
import type { RawValue } from './command-line/flag.ts';
import type { AnyVerb } from './command-line/verb.ts';
import { ExitError, UsageError } from './errors.ts';
import { hasColours } from './output/colour.ts';
import { verbNames, type VerbName } from './verb-names.ts';
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
  if (before.given.get('version') === true) return runVerb('version', [], new Map(), io);
  if (name === undefined || (name === 'help' && rest.length === 0)) {
    return printRootUsage(io, before.help || name === 'help');
  }
  if (name === 'help') return runVerb(rest[0] ?? '', ['--help'], before.given, io);
  return runVerb(name, before.help ? ['--help'] : rest, before.given, io);
}

async function runVerb(
  name: string,
  argv: readonly string[],
  before: ReadonlyMap<string, RawValue>,
  io: CommandIo,
): Promise<number> {
  const entry = verbNames.has(name) ? verbs[name as VerbName] : undefined;
  if (entry === undefined) throw await unknownVerb(name);
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
  if (isTrue(io.env['COMPOSE_COMPATIBILITY']))
    throw new UsageError('COMPOSE_COMPATIBILITY is not supported yet', 'container names have hyphens here; unset it');
  return verb.run({
    flags: valuesOf(verb.flags, parsed.given),
    given: new Set(parsed.given.keys()),
    globals: valuesOf(globalFlags, mergeGlobals(before, verb, parsed)),
    arguments: parsed.arguments,
    io,
  });
}

/** Global flags of both places; lists add up, of others the later wins. What the verb took for itself is none. */
function mergeGlobals(
  before: ReadonlyMap<string, RawValue>,
  verb: AnyVerb,
  parsed: ParsedFlags,
): ReadonlyMap<string, RawValue> {
  const merged = new Map(before);
  for (const [name, value] of parsed.given) {
    if (Object.hasOwn(verb.flags, name)) continue;
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

/** Verbs of docker compose that come later. */
const laterVerbs: ReadonlySet<string> = new Set([
  'build',
  'commit',
  'cp',
  'export',
  'publish',
  'push',
  'watch',
  'bridge',
  'convert',
]);

async function unknownVerb(name: string): Promise<UsageError> {
  if (laterVerbs.has(name))
    return new UsageError(`tsstack ${name} is not supported yet`, 'see `tsstack --help` for what there is');
  const { nearest } = await import('../stack/suggest.ts');
  const near = nearest(name, Object.keys(verbs));
  return new UsageError(
    `unknown verb "${name}"`,
    near === undefined ? 'see `tsstack --help`' : `did you mean "${near}"?`,
  );
}

/** Asked for, the help is an answer; without a verb it is a complaint. */
async function printRootUsage(io: CommandIo, isAsked: boolean): Promise<number> {
  const { rootUsage } = await import('./command-line/usage.ts');
  const summaries = Object.fromEntries(Object.entries(verbs).map(([name, { summary }]) => [name, summary]));
  (isAsked ? io.stdout : io.stderr).write(rootUsage(summaries));
  return isAsked ? 0 : 1;
}
