import type { CommandIo } from './io.ts';
import type { Flag, FlagTable, FlagValues } from './flag.ts';
import type { GlobalFlags } from './global-flags.ts';

/** What one command was told and where it runs. */
export interface CommandContext<Table extends FlagTable = FlagTable> {
  readonly flags: FlagValues<Table>;
  /** Names of the flags of the verb that stood on the command line. */
  readonly given: ReadonlySet<string>;
  readonly globals: GlobalFlags;
  readonly arguments: readonly string[];
  readonly io: CommandIo;
}

/** A verb of the command line: from this one definition come parsing, help and suggestions. */
export interface Verb<Table extends FlagTable = FlagTable> {
  /** `tsstack up` */
  readonly name: string;
  /** Arguments as in the help: `[SERVICE...]`. */
  readonly usage: string;
  readonly flags: Table;
  /** Fewest and most arguments; null = any number. */
  readonly arity: readonly [number, number | null];
  /** Flags end at the first argument (`exec`, `run`). */
  readonly stopAtArgument?: boolean;
  /** Resolves to the exit code. */
  run(context: CommandContext<Table>): Promise<number>;
}

/** A verb whose table of flags is known to itself only. */
export type AnyVerb = Omit<Verb, 'run'> & { run(context: CommandContext): Promise<number> };

/** Keeps the types of the flags inside `run`, and forgets them outside. */
export function defineVerb<const Table extends Readonly<Record<string, Flag>>>(verb: Verb<Table>): AnyVerb {
  return verb;
}

/** A verb in a table of verbs: what runs, or more verbs (`tsstack cluster init`). */
export type VerbEntry =
  | {
      readonly summary: string;
      /** A verb's code and what it needs run when it is asked for. */
      load(): Promise<AnyVerb>;
    }
  | { readonly summary: string; group(): Promise<VerbTable> };

/** Verbs by their last word. */
export type VerbTable = Readonly<Record<string, VerbEntry>>;
