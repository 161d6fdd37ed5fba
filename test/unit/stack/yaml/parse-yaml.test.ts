import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Diagnostics } from '../../../../src/stack/diagnostics.ts';
import { StackFileError } from '../../../../src/stack/errors.ts';
import { toPlain } from '../../../../src/stack/tree/node.ts';
import { SourceFile } from '../../../../src/stack/tree/source-file.ts';
import { parseYaml } from '../../../../src/stack/yaml/parse-yaml.ts';
import { scalarToText } from '../../../../src/stack/yaml/resolve-scalar.ts';

function parse(text: string): unknown[] {
  const diagnostics = new Diagnostics();
  const documents = parseYaml(new SourceFile('/f', text), diagnostics);
  diagnostics.throwIfErrors();
  return documents.map(toPlain);
}

function faults(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof StackFileError)
      return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
    throw error;
  }
  return [];
}

describe('YAML', () => {
  const scalars: readonly (readonly [string, unknown])[] = [
    ['0440', 288],
    ['0o440', 288],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['-7', -7],
    ['089', 89],
    ['1e3', 1000],
    ['3.14', 3.14],
    ['.5', 0.5],
    ['22:22', '22:22'],
    ['yes', 'yes'],
    ['TRUE', true],
    ['~', null],
    ['2024-01-31', '2024-01-31'],
    ['"0440"', '0440'],
    ['!!str 0440', '0440'],
    ['!!int "3"', 3],
    ['1.2.3', '1.2.3'],
    ['+x', '+x'],
  ];
  for (const [source, expected] of scalars) {
    it(`reads ${source} as ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(parse(`a: ${source}\n`), [{ a: expected }]));
  }

  it('writes numbers as text the way the reference does', () => {
    const texts = [1.5, 1000, 1e21, 1e-5, 0.0001, -2.5e30, 12345678901234567890n].map(scalarToText);
    assert.deepEqual(texts, ['1.5', '1000', '1e+21', '1e-05', '0.0001', '-2.5e+30', '12345678901234567890']);
  });

  it('resolves merge keys: own keys win, then the first mapping', () => {
    const text = 'a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], z: 3}\nl: &l [*a, *b]\nd: {<<: *l}\n';
    const [document] = parse(text) as [Record<string, unknown>];
    assert.deepEqual(document['c'], { z: 3, x: 1, y: 1 });
    assert.deepEqual(document['d'], { x: 1, y: 1, z: 2 });
  });

  it('reads every document of a stream, but anchors stay in theirs', () => {
    assert.deepEqual(parse('a: 1\n---\n# nothing\n---\nb: 2\n'), [{ a: 1 }, { b: 2 }]);
    assert.match(faults('a: &a 1\n---\nb: *a\n')[0] ?? '', /^3:4 /);
  });

  it('cites both places of a duplicate key', () => {
    assert.deepEqual(faults('a: 1\nb: 2\na: 3\n'), ['3:1 mapping key "a" is already defined at line 1']);
  });

  it('reports several faults at once', () => {
    assert.equal(faults('a: 1\na: 2\n1: x\nb: !what y\n').length, 3);
  });

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['a key that is no text', '80: x\n', /^1:1 non-string key 80/],
    ['an empty key', ': x\n', /non-string key/],
    ['a mapping as a key', '? {a: b}\n: x\n', /a key must be text/],
    ['a scalar under a merge key', 'a: {<<: 1}\n', /merge key/],
    ['an alias of itself', 'a: &a [*a]\n', /inside its own anchor/],
    ['an unknown alias', 'a: *b\n', /alias/i],
    ['broken indentation', 'a:\n  b: 1\n c: 2\n', /^3:/],
    ['a bracket without an end', 'a:\n  b: {c: d\n\n', /^2:10 } is missing$/],
    ['a bracket of another kind', 'a:\n  b: {c: [d}\n', /^2:12 ] is missing/],
    ['binary data', 'a: \0\n', /^1:4 a control character/],
    ['too much text', 'x'.repeat(5_000_000), /4 million/],
    ['deep brackets', '['.repeat(100_000), /nested deeper/],
    ['deep dashes', '- '.repeat(100_000), /nested deeper/],
    ['deep questions', '? '.repeat(100_000), /nested deeper/],
    ['a quote without an end', 'a: "x\n\n', /^1:5 missing closing "quote/],
  ];
  for (const [title, text, message] of broken)
    it(`refuses ${title}`, () => assert.match(faults(text)[0] ?? '', message));

  it('ends every text in documents or in located errors', () => {
    const unit = fc.constantFrom(...'ab:-?[]{}&*!|>\'"%@`#,\n ~0<'.split(''), '\n  ', ': ', '- ');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => void faults(text)),
      { numRuns: 2000 },
    );
  });
});
