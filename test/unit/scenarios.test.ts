import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const tests = join(import.meta.dirname, '..');
const text = readFileSync(join(tests, '../docs/scenarios.md'), 'utf8');

/** How many scenarios each group has. */
const groups = { A: 14, B: 11, C: 19, D: 11, E: 19, F: 25, G: 12, H: 19, I: 6 } as const;
const ids = Object.entries(groups).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
);

interface Row {
  /** Id of a scenario, or what a bad day is. */
  readonly name: string;
  readonly tests: string;
  readonly result: string;
}

/** Rows of the tables below the heading, whose last two columns are the tests and the result. */
function rowsBelow(heading: string): readonly Row[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return section.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, name = '', ...rest] = cells.slice(0, -1);
    const [named = '', result = ''] = rest.slice(-2);
    return rest.length < 2 || name === 'id' || name === 'day' || name.startsWith('--')
      ? []
      : [{ name, tests: named, result }];
  });
}

/** `file "title", "title"; …` as pairs. */
function testsOf({ tests: cell }: Row): readonly { readonly file: string; readonly title: string }[] {
  const found: { file: string; title: string }[] = [];
  let file = '';
  for (const [, named, title] of cell.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
    if (named !== undefined) file = named;
    else if (title !== undefined) found.push({ file, title });
  }
  return found;
}

const titles = new Map<string, readonly string[]>();

/** Lines of a test file that name a test, as their text reads. */
function titlesIn(file: string): readonly string[] {
  const known = titles.get(file);
  if (known !== undefined) return known;
  const path = join(tests, `${file}.test.ts`);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  const found = lines.filter((line) => /^\s*(it|describe)\(/.test(line)).map((line) => line.replaceAll('\\', ''));
  titles.set(file, found);
  return found;
}

const scenarios = rowsBelow('The scenarios');
const badDays = rowsBelow('Bad days');

describe('docs/scenarios.md', () => {
  it('has a row for each scenario, in order', () => {
    assert.deepEqual(
      scenarios.map(({ name }) => name),
      ids,
    );
  });

  it('names tests that are there', () => {
    for (const row of [...scenarios, ...badDays])
      for (const { file, title } of testsOf(row))
        assert.ok(
          titlesIn(file).some((line) => line.includes(title)),
          `${row.name}: test/${file}.test.ts has no test "${title}"`,
        );
  });

  it('names a test for whatever passes, and a reason for what is otherwise', () => {
    for (const row of [...scenarios, ...badDays]) {
      assert.match(row.result, /^passes|^otherwise: ./, row.name);
      if (row.result.startsWith('passes')) assert.notDeepEqual(testsOf(row), [], row.name);
    }
  });

  it('has at least 120 scenarios that pass, and a row for every bad day', () => {
    const passing = scenarios.filter(({ result }) => result.startsWith('passes'));
    assert.ok(passing.length >= 120, `${passing.length} pass`);
    assert.ok(badDays.length >= 17, `${badDays.length} bad days`);
  });
});
