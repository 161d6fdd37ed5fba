/** An attribute that the runtime honours. Later work adds rows here; `config` accepts the whole specification anyway. */
export interface SupportedAttribute {
  /** Keys from the root; `*` is any name or index, a last `**` everything below. */
  readonly path: string;
  /** The values that are honoured; absent = all. */
  readonly values?: readonly (string | boolean | RegExp)[];
  /** The values for people, where `values` has patterns. */
  readonly shown?: string;
}

/** Rows of attributes of which every value is honoured. */
export function rows(...paths: string[]): SupportedAttribute[] {
  return paths.map((path) => ({ path }));
}
