import { Composer, Parser, type Document, type ParsedNode } from 'yaml';
import type { Diagnostics } from '../diagnostics.ts';
import { stackFileError } from '../errors.ts';
import type { Node } from '../tree/node.ts';
import type { SourceFile } from '../tree/source-file.ts';
import { buildTree } from './build-tree.ts';

/**
 * Characters that a stack file may have. The reference stops at 100,000 nodes, about 3 MB of ordinary YAML; refusing longer
 * texts by their length keeps garbage from costing time and memory.
 */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** About ten times what 100,000 nodes need. */
const MAX_TOKENS = 1_000_000;
/** Errors of syntax come in showers; the first few say it all. */
const MAX_SYNTAX_ERRORS = 5;

/** The documents of a YAML stream, in order; empty documents are left out. Problems of syntax go to `diagnostics`. */
export function parseYaml(file: SourceFile, diagnostics: Diagnostics): Node[] {
  checkText(file);
  const documents = composeDocuments(file);
  const syntaxErrors = documents.flatMap((document) => document.errors);
  for (const error of syntaxErrors.slice(0, MAX_SYNTAX_ERRORS)) {
    diagnostics.error({ file, offset: error.pos[0] }, [], lowerFirst(error.message), hintFor(error.code));
  }
  if (syntaxErrors.length > 0) return [];
  return documents.flatMap((document) => {
    const contents = document.contents as ParsedNode | null;
    const tree = contents === null ? undefined : buildTree(contents, file, diagnostics);
    return tree === undefined || (tree.kind === 'scalar' && tree.value === null) ? [] : [tree];
  });
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
    if (!(error instanceof TokenLimit)) throw error;
    throw stackFileError({ file, offset: 0 }, [], `the file has more than ${MAX_TOKENS} YAML tokens`);
  }
}

class TokenLimit extends Error {}

class LimitedParser extends Parser {
  #tokens = 0;

  override *next(source: string): ReturnType<Parser['next']> {
    if (++this.#tokens > MAX_TOKENS) throw new TokenLimit();
    yield* super.next(source);
  }
}

function hintFor(code: string): string | null {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (code === 'BLOCK_AS_IMPLICIT_KEY' || code === 'BAD_INDENT') return 'check the indentation';
  return null;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
