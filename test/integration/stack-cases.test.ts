import assert from 'node:assert/strict';
import { cpSync, existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runConfig, type ConfigArguments } from '../../src/stack/index.ts';
import { schemaComplaintsOf } from '../support/schema-check.ts';

/** Golden cases made with the reference; they lie beside the project on the machines that have them. */
const CASES = join(import.meta.dirname, '../../../shared/stack-cases');

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  readonly configArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
}

interface ExpectedError {
  readonly mustMention: readonly (string | readonly string[])[];
}

describe('golden cases of the stack file', () => {
  const names = existsSync(CASES)
    ? readdirSync(CASES).filter((name) => existsSync(join(CASES, name, 'case.json')))
    : [];
  let scratch = '';

  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'stack-cases-'));
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  it('are found in full where the folder is', () => {
    if (existsSync(CASES)) assert.ok(names.length >= 121, `${names.length} cases`);
  });

  it('satisfy the JSON Schema of stack files where the reference takes them', () => {
    const isTaken = (name: string): boolean => !existsSync(join(CASES, name, 'expected-error.json'));
    for (const file of names.filter(isTaken).flatMap((name) => globSync(join(CASES, name, '**/*.{yml,yaml}'))))
      assert.deepEqual(schemaComplaintsOf(file), [], file);
  });

  for (const name of names) {
    const source = join(CASES, name);
    const { title, ...definition } = readCase(join(source, 'case.json'));
    it(`${name}: ${title}`, () => {
      const directory = join(scratch, name);
      cpSync(source, directory, { recursive: true });
      const home = join(scratch, 'home');
      const output = runConfig(parseArguments({ title, ...definition }, directory, home));
      const replace = (text: string): string => text.replaceAll('{{DIR}}', directory).replaceAll('{{HOME}}', home);
      const expected = (file: string): string => replace(readFileSync(join(source, file), 'utf8'));
      const has = (file: string): boolean => existsSync(join(source, file));

      if (has('expected-error.json'))
        return assertError(output, JSON.parse(expected('expected-error.json')) as ExpectedError);
      assert.equal(output.exitCode, 0, output.stderr);
      if (has('expected.json'))
        assert.deepEqual(comparable(JSON.parse(output.stdout)), comparable(JSON.parse(expected('expected.json'))));
      if (has('expected-stdout.txt'))
        assert.deepEqual(lineSet(output.stdout), lineSet(expected('expected-stdout.txt')));
      const warnings = has('expected-warnings.json')
        ? (JSON.parse(expected('expected-warnings.json')) as string[])
        : [];
      for (const text of warnings) assertMentions(output.stderr, text);
    });
  }
});

function parseArguments(definition: Case, directory: string, home: string): ConfigArguments {
  const args: Record<string, unknown> = {
    cwd: join(directory, definition.cwd ?? '.'),
    env: { ...definition.env, HOME: home, PATH: '/usr/bin:/bin' },
    files: [] as string[],
    profiles: [] as string[],
    envFiles: [] as string[],
    services: [] as string[],
    stdin: definition.stdin === undefined ? undefined : readFileSync(join(directory, definition.stdin), 'utf8'),
  };
  const words = [...definition.args, ...definition.configArgs];
  const push = (key: string): void => void (args[key] as string[]).push(words.shift() ?? '');
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-f') push('files');
    else if (word === '-p') args['projectName'] = words.shift();
    else if (word === '--profile') push('profiles');
    else if (word === '--env-file') push('envFiles');
    else if (word === '--project-directory') args['projectDirectory'] = words.shift();
    else if (word === '--format') args['format'] = words.shift();
    else if (/^--(services|images|volumes|networks|profiles|variables)$/.test(word)) args['list'] = word.slice(2);
    else if (word.startsWith('--'))
      args[word.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())] = true;
    else (args['services'] as string[]).push(word);
  }
  return args as unknown as ConfigArguments;
}

function assertError(output: { stderr: string; exitCode: number }, expected: ExpectedError): void {
  assert.notEqual(output.exitCode, 0);
  for (const entry of expected.mustMention) {
    const choices = typeof entry === 'string' ? [entry] : entry;
    const isMentioned = choices.some((choice) => output.stderr.toLowerCase().includes(choice.toLowerCase()));
    assert.ok(isMentioned, `${choices.join(' or ')} is not mentioned in: ${output.stderr}`);
  }
  assert.doesNotMatch(output.stderr, /^\s+at .*\.[jt]s:\d+/m);
}

function assertMentions(text: string, part: string): void {
  assert.ok(text.toLowerCase().includes(part.toLowerCase()), `${part} is not mentioned in: ${text}`);
}

function lineSet(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

/** Leaves out what the cases' README says is not compared. */
function comparable(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (depth > 0 && key.startsWith('x-') && !isNameMap(value)) continue;
    if (depth === 0 && key === 'models') continue;
    if (key === 'bind' && JSON.stringify(item) === '{"create_host_path":true}') continue;
    result[key] = comparable(item, depth + 1);
  }
  return result;
}

/** Services and volumes may have names that look like extensions. */
function isNameMap(value: object): boolean {
  return Object.values(value).some(
    (item) => typeof item === 'object' && item !== null && ('image' in item || 'name' in item || 'condition' in item),
  );
}

function readCase(path: string): Case {
  return JSON.parse(readFileSync(path, 'utf8')) as Case;
}
