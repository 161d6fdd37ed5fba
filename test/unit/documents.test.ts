/** What the documents and the hints of errors tell people to type or to open is there. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { globalFlags } from '../../src/cli/command-line/global-flags.ts';
import type { AnyVerb, VerbTable } from '../../src/cli/command-line/verb.ts';
import { verbs } from '../../src/cli/verbs.ts';

const root = join(import.meta.dirname, '../..');
const documents = ['README.md', 'SECURITY.md', ...globSync('docs/*.md', { cwd: root })];
const sources = globSync('{src,agents}/**/*.ts', { cwd: root, exclude: ['**/generated/**'] });
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Everything in backticks, and the lines of blocks of code. */
function codeOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```\w*\n(.*?)^```/gms)].flatMap(([, block = '']) => block.split('\n'));
  const rest = text.replace(/^```\w*\n.*?^```/gms, '');
  return [...blocks, ...[...rest.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)];
}

/** Words of the commands in a line, which may stand behind a prompt and variables, or several with `;` between them. */
function commandsIn(code: string): readonly (readonly string[])[] {
  return code.split(/[;|()#]|&&/).flatMap((part) => {
    const words = part.trim().split(/\s+/);
    const start = words.findIndex((word) => /(^|\/)tsstack$/.test(word));
    const verb = words[0] ?? '';
    if (start >= 0) return [words.slice(start + 1)];
    return Object.hasOwn(verbs, verb) && words.some((word) => word.startsWith('--')) ? [words] : [];
  });
}

/** The verb that the words begin with, global flags left out; null when they name none (`tsstack VERB --help`). */
async function verbOf(words: readonly string[]): Promise<AnyVerb | null> {
  let table: VerbTable = verbs;
  for (const word of words) {
    if (!/^[a-z][a-z-]*$/.test(word) || !Object.hasOwn(table, word)) continue;
    const entry = table[word];
    if (entry === undefined) return null;
    if ('load' in entry) return entry.load();
    table = await entry.group();
  }
  return null;
}

/** Flags that are written behind a verb that does not have them. */
async function unknownFlags(words: readonly string[]): Promise<readonly string[]> {
  const verb = await verbOf(words);
  if (verb === null) return [];
  const known = { ...globalFlags, ...verb.flags, help: null };
  const flags = words.flatMap((word) => /^--([a-z][a-z-]*)/.exec(word)?.[1] ?? []);
  return flags.filter((flag) => !Object.hasOwn(known, flag)).map((flag) => `tsstack ${verb.name} --${flag}`);
}

async function unknownIn(path: string, codes: readonly string[]): Promise<readonly string[]> {
  const unknown = await Promise.all(codes.flatMap(commandsIn).map(unknownFlags));
  return unknown.flat().map((problem) => `${path}: ${problem}`);
}

describe('documents and hints', () => {
  it('name commands with flags that these have', async () => {
    const found = await Promise.all([
      ...documents.map((path) => unknownIn(path, codeOf(read(path)))),
      ...sources.map((path) =>
        unknownIn(
          path,
          [...read(path).matchAll(/[`"](tsstack [^`"\\\n]+)/g)].map(([, code = '']) => code),
        ),
      ),
    ]);
    assert.deepEqual(found.flat(), []);
  });

  it('know of a flag that is none', async () => {
    assert.deepEqual(await unknownIn('x', codeOf('run `tsstack -p shop node rm --forse w1`')), [
      'x: tsstack node rm --forse',
    ]);
  });

  it('name files and other documents that exist', () => {
    const paths = globSync('**/*', { cwd: root, exclude: ['node_modules', '.git', 'dist'] }).map((path) => `/${path}`);
    const isThere = (named: string): boolean => {
      const wanted = `/${named.replace(/^\.\//, '').replace(/\/$/, '')}`;
      return paths.some((path) => path.endsWith(wanted));
    };
    const missing = documents.flatMap((path) => {
      const links = [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => link);
      const files = codeOf(read(path)).filter((code) =>
        /^(\.\/)?[\w-]+(\/[\w.-]+)+\.(ts|c|h|md|sh|yml|proto)$/.test(code),
      );
      const folders = codeOf(read(path)).filter((code) =>
        /^(src|agents|native|test|bench|docs|proto)(\/[a-z0-9.-]+)+\/?$/.test(code),
      );
      const named = [...links.map((link) => link.replace(/^(\.\.\/)+/, '')), ...files, ...folders];
      return named.filter((name) => !isThere(name)).map((name) => `${path}: ${name}`);
    });
    assert.deepEqual(missing, []);
  });
});
