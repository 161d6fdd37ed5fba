/** What may come next on a command line. */
import type { Flag, FlagTable, RawValue } from '../command-line/flag.ts';
import { globalFlags } from '../command-line/global-flags.ts';
import type { AnyVerb, VerbTable } from '../command-line/verb.ts';

export interface CompletionSources {
  readonly verbs: VerbTable;
  /** Names of the services of the stack that these global flags lead to; none when there is no file, or it cannot be read. */
  readonly services: (given: ReadonlyMap<string, RawValue>) => Promise<readonly string[]>;
}

/** Candidates for the last of these words, which may be empty. None means a file name, as far as the shell can tell. */
export async function completeWords(words: readonly string[], sources: CompletionSources): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const candidates = await candidatesAfter(before, current, sources);
  return candidates.filter((candidate) => candidate.startsWith(current));
}

async function candidatesAfter(
  before: readonly string[],
  current: string,
  { verbs, services }: CompletionSources,
): Promise<readonly string[]> {
  const place = await findPlace(before, verbs);
  const flags = { ...globalFlags, ...place.verb?.flags };
  const waiting = flagOf(before.at(-1) ?? '', flags);
  const isEnded = before.includes('--') || hasCommand(place);
  if (waiting !== undefined && waiting.type !== 'boolean' && !isEnded) {
    if (waiting.value?.startsWith('SERVICE') === true) return services(place.globals);
    return waiting.choices ?? [];
  }
  if (current.startsWith('-') && !isEnded) return namesOf(flags);
  if (place.verb === undefined) return Object.keys(place.table);
  return place.verb.usage.includes('SERVICE') && !isEnded ? services(place.globals) : [];
}

interface Place {
  /** The verbs that could come next, where none has been given yet. */
  readonly table: VerbTable;
  readonly verb: AnyVerb | undefined;
  /** Arguments of the verb so far. */
  readonly given: number;
  /** Global flags with a value so far. */
  readonly globals: ReadonlyMap<string, RawValue>;
}

/** After SERVICE of `run` and `exec` comes a command line of somebody else. */
function hasCommand({ verb, given }: Place): boolean {
  return verb?.stopAtArgument === true && given > 0;
}

async function findPlace(before: readonly string[], verbs: VerbTable): Promise<Place> {
  let table = verbs;
  let verb: AnyVerb | undefined;
  let given = 0;
  const globals = new Map<string, RawValue>();
  for (let index = 0; index < before.length; index++) {
    const word = before[index] ?? '';
    if (word.startsWith('-')) {
      const [flagWord = '', ...inline] = word.split('=');
      const flag = flagOf(flagWord, { ...globalFlags, ...verb?.flags });
      if (flag === undefined || flag.type === 'boolean') continue;
      if (inline.length === 0) index += 1;
      note(globals, flag, inline.length === 0 ? before[index] : inline.join('='));
    } else if (verb !== undefined) {
      given += 1;
    } else {
      const entry = Object.hasOwn(table, word) ? table[word] : undefined;
      if (entry === undefined) return { table: {}, verb, given, globals };
      if ('group' in entry) table = await entry.group();
      else verb = await entry.load();
    }
  }
  return { table, verb, given, globals };
}

function note(globals: Map<string, RawValue>, flag: Flag, value: string | undefined): void {
  const name = Object.entries(globalFlags).find(([, global]) => global === flag)?.[0];
  if (name === undefined || value === undefined) return;
  const earlier = globals.get(name);
  globals.set(
    name,
    flag.type === 'strings' ? [...(Array.isArray(earlier) ? (earlier as string[]) : []), value] : value,
  );
}

/** The flag that a word is, if its value has to follow as a word of its own. */
function flagOf(word: string, table: FlagTable): Flag | undefined {
  if (word.includes('=')) return undefined;
  if (word.startsWith('--')) return table[word.slice(2)];
  if (!/^-[a-zA-Z]+$/.test(word)) return undefined;
  const letter = word.at(-1);
  return Object.values(table).findLast(({ short }) => short === letter);
}

function namesOf(table: FlagTable): readonly string[] {
  const shown = Object.entries(table).filter(([, flag]) => flag.hidden !== true && flag.unsupported === undefined);
  return [...shown.map(([name]) => `--${name}`), '--help'].toSorted();
}
