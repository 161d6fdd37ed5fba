import type { NetworkSpec, PayloadSpec, VolumeSpec } from '../../../model/spec.ts';
import { InvalidRequestError } from '../../errors.ts';
import { objectSchemas, parseJson } from './stack-schema.ts';

/** What can be made by itself, outside of any stack. */
export type ObjectSpec =
  | { readonly kind: 'network'; readonly spec: NetworkSpec }
  | { readonly kind: 'volume'; readonly spec: VolumeSpec }
  | { readonly kind: 'secret' | 'config'; readonly spec: PayloadSpec };

/** Kinds of objects that can be made and removed by themselves. */
export type OwnKind = ObjectSpec['kind'];

/** The kind that a client names; throws InvalidRequestError for any other text. */
export function parseKind(text: string): OwnKind {
  if (text === 'network' || text === 'volume' || text === 'secret' || text === 'config') return text;
  throw new InvalidRequestError(`${text}: objects of this kind cannot be made or removed by themselves`);
}

/** The spec in that JSON text; throws InvalidRequestError naming every field that is wrong. */
export function parseObjectSpec(kindName: string, text: string): ObjectSpec {
  const kind = parseKind(kindName);
  const document = parseJson(text, kind);
  const result = objectSchemas[kind].safeParse(document);
  // The kind picks the schema of that kind, which the compiler cannot follow through the table.
  if (result.success) return { kind, spec: result.data } as ObjectSpec;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InvalidRequestError(`${kind}${nameIn(document)}: ${problems.join('; ')}`);
}

/** ` "x/y"`, as far as the document has a name. */
function nameIn(document: unknown): string {
  const name: unknown = document instanceof Object && 'name' in document ? document.name : undefined;
  return typeof name === 'string' ? ` ${JSON.stringify(name)}` : '';
}
