/** A service that a program of the host stands in for: it makes something elsewhere and tells how to reach it. */
export interface ProviderSpec {
  /** Name of the program. */
  readonly type: string;
  /** Each value is given to it as `--name=value`. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** Providers that come before it. */
  readonly after: readonly string[];
  /** Services that depend on it: their containers get its variables. */
  readonly dependants: readonly string[];
  /** What it told, by the names that containers see; null before it was asked. */
  readonly variables: Readonly<Record<string, string>> | null;
}
