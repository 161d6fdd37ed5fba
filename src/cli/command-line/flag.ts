/** One flag of the command line. The long name is its key in the table. */
export interface Flag {
  /** `strings` may be repeated, each time adding a value. */
  readonly type: 'boolean' | 'string' | 'strings' | 'integer';
  readonly short?: string;
  /** One sentence without a full stop, for the help. */
  readonly help: string;
  /** Name of the value in the help, as FILE. */
  readonly value?: string;
  /** The only values that it takes. */
  readonly choices?: readonly string[];
  /** Value of a boolean that is not given; false if absent. */
  readonly default?: boolean;
  /** Understood, but in no help. */
  readonly hidden?: boolean;
  /** A flag of docker compose that does not work here yet: giving it is an error, which this sentence may explain. */
  readonly unsupported?: string;
}

export type FlagTable = Readonly<Record<string, Flag>>;

/** What a flag's value is in the program. */
type FlagValue<F extends Flag> = F['type'] extends 'boolean'
  ? boolean
  : F['type'] extends 'strings'
    ? readonly string[]
    : F['type'] extends 'integer'
      ? number | undefined
      : string | undefined;

/** The values of all flags of a table. */
export type FlagValues<Table extends FlagTable> = { readonly [Name in keyof Table]: FlagValue<Table[Name]> };

/** Value of a flag as the parser keeps it. */
export type RawValue = boolean | string | number | readonly string[];
