import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Diagnostics } from '../../../../../src/stack/diagnostics.ts';
import { StackFileError } from '../../../../../src/stack/errors.ts';
import type { Node } from '../../../../../src/stack/tree/node.ts';
import { SourceFile } from '../../../../../src/stack/tree/source-file.ts';
import { parseFully } from '../../../../../src/stack/yaml/parse-yaml.ts';
import { readQuickly } from '../../../../../src/stack/yaml/quick/quick-reader.ts';

/** Everything about a tree but the place of an empty value. */
function describeTree(node: Node): unknown {
  if (node.kind === 'scalar')
    return [typeof node.value, String(node.value), node.value === null ? 0 : node.offset, node.tag];
  if (node.kind === 'list') return [node.offset, node.tag, node.items.map(describeTree)];
  return [
    node.offset,
    node.tag,
    [...node.entries].map(([key, entry]) => [key, entry.offset, describeTree(entry.value)]),
  ];
}

/** Checks that the real parser reads a text as the quick reader does; false when the quick reader leaves it to that. */
function agrees(text: string): boolean {
  const quick = readQuickly(new SourceFile('/f', text));
  if (quick === undefined) return false;
  const diagnostics = new Diagnostics();
  const [full, ...others] = parseFully(new SourceFile('/f', text), diagnostics);
  diagnostics.throwIfErrors();
  assert.ok(full !== undefined && others.length === 0, text);
  assert.deepEqual(describeTree(quick), describeTree(full), text);
  return true;
}

const PLAIN = `# a comment
name: demo
x-env: &env # anchors
  LOG: info
  "quoted key": 'it''s'
x-list: &list [a, "b c", {k: v, e: }, 0440, 1_000]
services:
  web:
    <<: *env
    image: "reg:5000/app"   # trailing
    command: *list
    environment: { <<: *env, OWN: 1, LOG: debug }
    more: { A: b, <<: [*env, {c: d}] }
    only-merged: {<<: *env}
    ports:
    - 80:80
    - "443:443"
    empty:
    drop: !reset null
    only: !override
      - x
    nested:
      - - a
        - b
      - key: value
        other: 1.5
      -
        later: ~
    text: |
      line one
        deeper

      last
    folded: >-
      one
      two
    kept: |+
      kept

    url: http://host:80/path#fragment
    dash: -x
    time: 22:22
`;

/** What edits put in. */
const PIECES = ': |- |#| #|"|\'|{|}|[|]|,|&a |*a|!reset |>|<<|?|? |-|x: y|~|0x|\\|%|@|`|é|:| |  '
  .split('|')
  .concat('\n', '\n\n', '\n  ', '|', '|-\n', '>+\n');

describe('the quick reader of YAML', () => {
  it('reads what stack files are made of, as the real parser does', () => assert.ok(agrees(PLAIN)));

  const left = [
    ['tabs', 'a:\tb\n'],
    ['several documents', 'a: 1\n---\nb: 2\n'],
    ['duplicate keys', 'a: 1\na: 2\n'],
    ['keys that are no text', '1: x\n'],
    ['scalars of several lines', 'a: one\n  two\n'],
    ['flow collections of several lines', 'a: [1,\n  2]\n'],
    ['a colon in a plain scalar', 'a: b: c\n'],
    ['an unknown alias', 'a: *b\n'],
    ['a wrong indent', 'a:\n  b: 1\n c: 2\n'],
    ['a scalar as the root', 'text\n'],
    ['other tags', 'a: !!str 1\n'],
    ['escapes beyond the common ones', 'a: "\\x41"\n'],
    ['folded blocks with paragraphs', 'a: >\n  x\n\n  y\n'],
  ] as const;
  for (const [title, text] of left) {
    it(`leaves ${title} to the real parser`, () => assert.equal(readQuickly(new SourceFile('/f', text)), undefined));
  }

  it('agrees with the real parser about whatever it accepts', () => {
    const piece = fc.constantFrom(...PIECES);
    const edit = fc.record({
      at: fc.nat({ max: PLAIN.length }),
      remove: fc.nat({ max: 4 }),
      insert: fc.option(piece, { nil: '' }),
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let text = PLAIN;
        for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
        if (agrees(text)) accepted++;
      }),
      { numRuns: 2000 },
    );
    assert.ok(accepted > 100, `only ${accepted} texts were plain enough to compare`);
  });

  it('stops at the limit of values', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level++)
      bomb.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    assert.throws(() => readQuickly(new SourceFile('/f', `${bomb.join('\n')}\n`)), StackFileError);
  });
});
