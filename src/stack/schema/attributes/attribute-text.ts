/** What one attribute is, for people: the hover text of editors (`tsstack schema`) and the table of docs/attributes.md. */
export interface AttributeText {
  /** One sentence: what it does, and what to know before using it. */
  readonly effect: string;
  /** What holds when the file does not say; absent = nothing, or what a parent says. */
  readonly default?: string;
  /** The first version that honours it, when it is not the first of all. */
  readonly since?: string;
}

/** By the path of the attribute, written as in src/stack/support/supported-attributes.ts: `*` is any name or index. */
export type AttributeTexts = Readonly<Record<string, AttributeText>>;

/** Attributes that belong together, under the title that they have in docs/attributes.md. */
export interface AttributeGroup {
  readonly title: string;
  readonly texts: AttributeTexts;
}

/** The texts of a shape that occurs in several places, for one of them. An empty key is the place itself. */
export function below(prefix: string, texts: AttributeTexts): AttributeTexts {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key === '' ? prefix : `${prefix}.${key}`, text]),
  );
}
