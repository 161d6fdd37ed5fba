import { basename } from 'node:path';
import { stackFileError } from './errors.ts';
import { RequiredVariableError, substitute, type Lookup } from './interpolation/substitute.ts';
import { TemplateError } from './interpolation/template.ts';
import { childOf, type Node } from './tree/node.ts';

/**
 * The name of a project: the flag, else COMPOSE_PROJECT_NAME, else `name` of the last document that has one, else the name of
 * the project directory. The first two are taken as they are or not at all, the others are made to fit.
 */
export function findProjectName(
  flag: string | null,
  lookup: Lookup,
  documents: readonly Node[],
  workingDir: string,
): string {
  const given = flag ?? (lookup('COMPOSE_PROJECT_NAME') || null);
  if (given !== null) return checkName(given);
  const named = documents.map((document) => childOf(document, 'name')).findLast((name) => isText(name));
  if (named?.kind === 'scalar') {
    const name = normaliseName(interpolateName(String(named.value), named, lookup));
    if (name === '') throw stackFileError(named, ['name'], 'name has no letter or digit');
    return name;
  }
  const name = normaliseName(basename(workingDir));
  if (name !== '') return name;
  throw stackFileError(
    null,
    [],
    `the directory ${workingDir} gives no project name`,
    'name the project with -p or name:',
  );
}

/** Lower-cased, with only letters, digits, `_` and `-`, starting with a letter or digit. */
export function normaliseName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

function checkName(name: string): string {
  if (/^[a-z0-9][a-z0-9_-]*$/.test(name)) return name;
  const rule = 'use lower-case letters, digits, dashes and underscores, starting with a letter or digit';
  throw stackFileError(null, [], `invalid project name ${JSON.stringify(name)}`, rule);
}

function isText(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && typeof node.value === 'string' && node.value !== '';
}

/** What is unset is warned about when the file itself is interpolated. */
function interpolateName(text: string, at: Node, lookup: Lookup): string {
  try {
    return substitute(text, lookup, () => undefined);
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof RequiredVariableError)) throw error;
    throw stackFileError(at, ['name'], error.message);
  }
}
