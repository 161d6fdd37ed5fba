import { Document, visit } from 'yaml';
import type { ComposeProject, ComposeService } from '../compose-types.ts';
import { isPlainObject, type PlainObject } from '../normalise/plain.ts';
import { setOwn } from '../tree/node.ts';
import { resolvePlainScalar } from '../yaml/resolve-scalar.ts';

/** What is printed: a model, or its services alone. */
export type CanonicalProject = ComposeProject | Pick<ComposeProject, 'services'>;

export interface CanonicalOptions {
  /** Write `$` as `$$`, so that the output is again a stack file. False after --no-interpolate. Default true. */
  readonly escapesDollars?: boolean;
}

/** The model as JSON, as `config --format json` prints it, with a line end. */
export function toCanonicalJson(project: CanonicalProject, options: CanonicalOptions = {}): string {
  const value = sortedValue(project, { escapes: options.escapesDollars !== false, likeReferenceJson: true });
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The model as YAML, as `config` prints it. */
export function toCanonicalYaml(project: CanonicalProject, options: CanonicalOptions = {}): string {
  const value = sortedValue(project, { escapes: options.escapesDollars !== false, likeReferenceJson: false });
  // Octal-looking and yes/no-looking text must be quoted for readers of YAML 1.1, too.
  const document = new Document(value, { version: '1.1', aliasDuplicateObjects: false });
  quoteWhatWouldNotStayText(document);
  return document.toString({ lineWidth: 0, indentSeq: true, directives: false });
}

/** Text that our own reader, which takes the numbers of both versions of YAML, would not read as text: `0B1` and `0o7`, say. */
function quoteWhatWouldNotStayText(document: Document): void {
  visit(document, {
    Scalar: (_, scalar) => {
      const { value } = scalar;
      if (typeof value === 'string' && resolvePlainScalar(value) !== value) scalar.type = 'QUOTE_DOUBLE';
    },
  });
}

/** One service as `config --format json` prints it, on one line. */
export function serviceAsJson(service: ComposeService): string {
  return JSON.stringify(sortKeys(service, { escapes: false, likeReferenceJson: true }));
}

interface Style {
  readonly escapes: boolean;
  /** The reference's JSON leaves `create_host_path: false` out of a bind block; its YAML does not. */
  readonly likeReferenceJson: boolean;
}

function sortedValue(project: CanonicalProject, style: Style): unknown {
  if (!('name' in project)) return sortKeys(project, style);
  const { name, ...rest } = project;
  return { name, ...(sortKeys(rest, style) as PlainObject) };
}

function sortKeys(value: unknown, style: Style): unknown {
  if (typeof value === 'string') return style.escapes ? value.replaceAll('$', '$$$$') : value;
  if (Array.isArray(value)) return value.map((item) => sortKeys(item, style));
  if (!isPlainObject(value)) return value;
  const result: PlainObject = {};
  for (const key of Object.keys(value).sort()) {
    if (value[key] === undefined || (style.likeReferenceJson && isFalseHostPath(key, value))) continue;
    setOwn(result, style.escapes ? key.replaceAll('$', '$$$$') : key, sortKeys(value[key], style));
  }
  return result;
}

function isFalseHostPath(key: string, value: PlainObject): boolean {
  return key === 'create_host_path' && value[key] === false;
}
