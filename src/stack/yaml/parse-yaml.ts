import { Composer, Parser, type Document, type YAMLParseError } from 'yaml';
import type { Diagnostics } from '../diagnostics.ts';
import { stackFileError } from '../errors.ts';
import { isNull, type Node } from '../tree/node.ts';
import type { SourceFile } from '../tree/source-file.ts';
import { buildTree } from './build-tree.ts';
import { MAX_CHARACTERS, MAX_DEPTH, MAX_TOKENS } from './limits.ts';
import { readQuickly } from './quick/quick-reader.ts';

/** Errors of syntax come in showers; the first few say it all. */
const MAX_SYNTAX_ERRORS = 5;

/** The documents of a YAML stream, in order; empty documents are left out. Problems of syntax go to `diagnostics`. */
export function parseYaml(file: SourceFile, diagnostics: Diagnostics): Node[] {
  checkText(file);
  const quick = readQuickly(file);
  return quick === undefined ? parseFully(file, diagnostics) : [quick];
}

/** The same with the real parser only, whatever the text. */
export function parseFully(file: SourceFile, diagnostics: Diagnostics): Node[] {
  const documents = composeDocuments(file);
  const syntaxErrors = documents.flatMap((document) => document.errors);
  const lines = new Set<number>();
  for (const error of syntaxErrors) {
    const offset = endOfText(file.text, error.pos[0]);
    const { line } = file.positionAt(offset);
    // The others of a line follow from its first.
    if (lines.has(line) || lines.size === MAX_SYNTAX_ERRORS) continue;
    lines.add(line);
    diagnostics.error({ file, offset }, [], ...inOurWords(error));
  }
  if (syntaxErrors.length > 0) return [];
  return documents.flatMap((document) => {
    const contents = document.contents;
    const tree = contents === null ? undefined : buildTree(contents, file, diagnostics);
    return tree === undefined || isNull(tree) ? [] : [tree];
  });
}

/** What is missing at the end of a file is missing after its last word, not on the empty line below. */
function endOfText(text: string, offset: number): number {
  if (text.slice(offset).trim() !== '') return offset;
  return Math.max(0, text.slice(0, offset).trimEnd().length - 1);
}

function checkText(file: SourceFile): void {
  if (file.text.length > MAX_CHARACTERS) {
    const size = `${Math.round(file.text.length / 1e5) / 10} million characters`;
    throw stackFileError({ file, offset: 0 }, [], `the file has ${size}; a stack file may have 4 million`);
  }
  const control = file.text.search(/[\0-\x08\x0e-\x1f\x7f]/);
  if (control >= 0) {
    throw stackFileError(
      { file, offset: control },
      [],
      'a control character: this is not a text file',
      'stack files are YAML',
    );
  }
}

function composeDocuments(file: SourceFile): Document.Parsed[] {
  const composer = new Composer({ schema: 'failsafe', merge: false, uniqueKeys: false, logLevel: 'silent' });
  try {
    return [...composer.compose(limitedTokens(file), false, file.text.length)] as Document.Parsed[];
  } catch (error) {
    // The parser recurses, and so runs out of stack on absurdly deep nesting.
    if (!(error instanceof RangeError)) throw error;
    throw stackFileError({ file, offset: 0 }, [], 'the file is nested too deeply');
  }
}

function* limitedTokens(file: SourceFile): ReturnType<Parser['parse']> {
  const parser = new LimitedParser();
  try {
    yield* parser.parse(file.text);
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    throw stackFileError({ file, offset: 0 }, [], error.message);
  }
}

class LimitError extends Error {}

/** A parser that gives up on texts that are no stack files, before they cost memory. */
class LimitedParser extends Parser {
  #tokens = 0;
  /** Brackets open at the moment. */
  #flowDepth = 0;
  /** `-` and `?` since the line started: each opens a collection inside the one before. */
  #inlineDepth = 0;

  override *next(source: string): ReturnType<Parser['next']> {
    if (++this.#tokens > MAX_TOKENS) throw new LimitError(`the file has more than ${MAX_TOKENS} YAML tokens`);
    if (source === '[' || source === '{') this.#flowDepth++;
    else if (source === ']' || source === '}') this.#flowDepth--;
    else if (source === '-' || source === '?') this.#inlineDepth++;
    else if (source === '\n' || source === '\r\n') this.#inlineDepth = 0;
    if (this.#flowDepth > MAX_DEPTH || this.#inlineDepth > MAX_DEPTH) {
      throw new LimitError(`the file is nested deeper than ${MAX_DEPTH} levels`);
    }
    yield* super.next(source);
  }
}

/** A message and what to do about it. */
function inOurWords({ code, message }: YAMLParseError): [string, string | null] {
  const bracket = /end with a ([}\]])/.exec(message)?.[1];
  if (bracket !== undefined) return [`${bracket} is missing`, 'or it stands further left than what it closes'];
  return [lowerFirst(message), hintFor(code)];
}

function hintFor(code: string): string | null {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (code === 'BLOCK_AS_IMPLICIT_KEY' || code === 'BAD_INDENT') return 'check the indentation';
  return null;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
