import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseDotenv, parseRawEnvironment } from '../../../src/stack/dotenv/parse-dotenv.ts';
import { StackFileError } from '../../../src/stack/errors.ts';

const SHELL: Readonly<Record<string, string>> = { SHELL: 'from shell', WINS: 'shell' };

function parse(text: string): Record<string, string> {
  const values = new Map<string, string>();
  parseDotenv('/project/.env', text, (name) => SHELL[name], values);
  return Object.fromEntries(values);
}

describe('env files', () => {
  const cases: readonly (readonly [string, string, Record<string, string>])[] = [
    ['plain values are trimmed', 'A=  x y  \nB =z', { A: 'x y', B: 'z' }],
    ['a colon separates as well', 'A: x', { A: 'x' }],
    ['export is skipped', 'export A=1', { A: '1' }],
    ['comments', '# c\n  # d\nA=1 # e\nB=a#b\nC="x # y" # z', { A: '1', B: 'a#b', C: 'x # y' }],
    ['single quotes are literal', "A='$SHELL \\n it\\'s'", { A: "$SHELL \\n it's" }],
    [
      'double quotes know escapes',
      'A="a\\tb\\nc \\"q\\" \\\\ \\$SHELL \\0101 \\x41"',
      { A: 'a\tb\nc "q" \\ $SHELL A \\x41' },
    ],
    ['quoted values may span lines', 'A="1\n2 # no comment"\nB=3', { A: '1\n2 # no comment', B: '3' }],
    [
      'variables see the shell first, then earlier keys',
      'WINS=file\nA=$WINS/${SHELL}/${NO:-d}\nB=$A',
      { WINS: 'file', A: 'shell/from shell/d', B: 'shell/from shell/d' },
    ],
    ['backslashes stay in unquoted values', 'A=C:\\new', { A: 'C:\\new' }],
    ['a bare key is inherited, or nothing', 'SHELL\nNOPE\nA=1', { SHELL: 'from shell', A: '1' }],
    ['a bare key may end the file', 'A=1\nSHELL', { A: '1', SHELL: 'from shell' }],
    ['a byte-order mark and CRLF are tolerated', '\uFEFFA=1\r\nB="2"\r\n', { A: '1', B: '2' }],
    ['names may have dots, dashes and brackets', 'a.b-c[0]=1', { 'a.b-c[0]': '1' }],
    ['empty values', 'A=\nB=""\nC=', { A: '', B: '', C: '' }],
  ];
  for (const [title, text, expected] of cases) it(title, () => assert.deepEqual(parse(text), expected));

  const faults: readonly (readonly [string, number, RegExp])[] = [
    ['A=1\n# c\nBAD NAME=2', 3, /cannot contain a space/],
    ['A=1\nB!=2', 2, /unexpected character "!"/],
    ['A=1\nB="never\nC=3', 2, /unterminated quoted value "never/],
    ['A=${B!}', 1, /invalid interpolation/],
    ['=x', 1, /name is missing/],
  ];
  for (const [text, line, message] of faults) {
    it(`cites line ${line} of ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parse(text),
        (error) => {
          assert.ok(error instanceof StackFileError);
          const [problem] = error.problems;
          assert.equal(problem?.line, line);
          assert.match(problem?.message ?? '', message);
          return true;
        },
      );
    });
  }

  it('reads raw files without quotes and variables', () => {
    const values = new Map<string, string>();
    parseRawEnvironment('/project/raw.env', 'A="x" $SHELL # y\n# c\n\nSHELL\nNOPE\n', (name) => SHELL[name], values);
    assert.deepEqual(Object.fromEntries(values), { A: '"x" $SHELL # y', SHELL: 'from shell' });
  });

  it('gives back any value that is quoted', () => {
    const key = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/);
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '"', "'", '\\', '$', '#', '=', '{', 'é') });
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true }), (values) => {
        const quote = (text: string): string => `"${text.replace(/[\\"$]/g, '\\$&').replaceAll('\n', '\\n')}"`;
        const text = Object.entries(values).map(([name, item]) => `${name}=${quote(item)}\n`);
        assert.deepEqual(parse(text.join('')), values);
      }),
    );
  });

  it('ends every text in values or in a located error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('A', '=', '\n', '"', "'", '$', '{', '}', ' ', '#', '\\', ':-') }),
        (text) => {
          try {
            parse(text);
          } catch (error) {
            assert.ok(error instanceof StackFileError);
          }
        },
      ),
    );
  });
});
