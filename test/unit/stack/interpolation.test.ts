import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RequiredVariableError, substitute } from '../../../src/stack/interpolation/substitute.ts';
import { TemplateError } from '../../../src/stack/interpolation/template.ts';
import { errorLines, load } from './memory-files.ts';

const VALUES: Readonly<Record<string, string>> = { SET: 'value', EMPTY: '', A: 'a', B: 'b' };
const lookup = (name: string): string | undefined => VALUES[name];
const replace = (text: string): string => substitute(text, lookup, () => undefined);

describe('interpolation', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['$SET', 'value'],
    ['${SET}', 'value'],
    ['pre$SET/${A}post', 'prevalue/apost'],
    ['${SET:-d}${EMPTY:-d}${UNSET:-d}', 'valuedd'],
    ['${EMPTY-d}|${UNSET-d}|${UNSET-}', '|d|'],
    ['${SET:+r}|${EMPTY:+r}|${UNSET:+r}', 'r||'],
    ['${EMPTY+r}|${UNSET+r}', 'r|'],
    ['${EMPTY?m}${SET:?m}', 'value'],
    ['${X:-${Y:-${Z:-deep}}}', 'deep'],
    ['${X:-$A and ${B}}', 'a and b'],
    ['${X-a?b}${X:-/x:-y}', 'a?b/x:-y'],
    ['${X:-{"k": {"n": [1]}}}', '{"k": {"n": [1]}}'],
    ['$$SET $${SET} $$$$ $$$SET', '$SET ${SET} $$ $value'],
    ['5$ $1 $(x) ^a$ $}', '5$ $1 $(x) ^a$ $}'],
  ];
  for (const [template, expected] of cases) {
    it(`makes ${JSON.stringify(expected)} of ${template}`, () => assert.equal(replace(template), expected));
  }

  for (const template of ['${', '${}', '${ V}', '${V }', '${V!}', '${1}', '${V', '${V:-a\nb}', '${V:x}']) {
    it(`refuses ${JSON.stringify(template)}`, () => assert.throws(() => replace(template), TemplateError));
  }

  it('names the variable and the message of a demand that is not met', () => {
    assert.throws(
      () => replace('${EMPTY:?set it in ${A}}'),
      (error) => {
        return error instanceof RequiredVariableError && /EMPTY .*: set it in a$/.test(error.message);
      },
    );
  });

  it('tells each unset variable, but none in a branch that is not used', () => {
    const unset: string[] = [];
    substitute('$U ${V} ${SET:-$W} ${EMPTY:+$X} ${Y:-$Z}', lookup, (name) => unset.push(name));
    assert.deepEqual(unset, ['U', 'V', 'Z']);
  });

  it('never evaluates an unused branch, however broken or demanding', () => {
    const branch = fc.constantFrom('${BAD!}', '${NEED:?m}', '$UNSET', '${', 'text');
    fc.assert(
      fc.property(
        branch.filter((text) => text !== '${'),
        (text) => {
          assert.equal(
            substitute(`\${SET:-${text}}`, lookup, () => assert.fail('evaluated')),
            'value',
          );
          assert.equal(
            substitute(`\${UNSET+${text}}`, lookup, () => assert.fail('evaluated')),
            '',
          );
        },
      ),
    );
  });

  it('leaves text without a dollar alone and never fails in another way', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!text.includes('$')) assert.equal(replace(text), text);
        try {
          replace(text);
        } catch (error) {
          assert.ok(error instanceof TemplateError || error instanceof RequiredVariableError);
        }
      }),
    );
  });

  it('gives back what was escaped', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(replace(text.replaceAll('$', '$$$$')), text)));
  });

  it('does bounded work on absurd nesting', () => {
    assert.throws(() => replace('${A:-'.repeat(100_000) + '}'.repeat(100_000)), TemplateError);
  });

  it('reaches every value of a file, x- blocks too, but no key', () => {
    const { project } = load('services: {app: {image: "i:$T", labels: {"$T": x}}}\nx-a: [$T]', { env: { T: '1' } });
    assert.deepEqual(project['x-a'], ['1']);
    assert.equal(project.services['app']?.image, 'i:1');
    assert.deepEqual(project.services['app']?.labels, { $T: 'x' });
  });

  it('puts the mark on the expression, not on the value', () => {
    const text = 'services:\n  app:\n    image: "reg/app:${TAG !}"\n';
    const [line] = errorLines(text);
    assert.match(line ?? '', /^3:21 services\.app\.image: invalid interpolation format \$\{TAG !\}/);
  });

  it('warns once per use of an unset variable', () => {
    const { warnings } = load('services:\n  app:\n    image: "i$U"\n    command: [$U]\n');
    assert.deepEqual(
      warnings.map(({ line, column }) => [line, column]),
      [
        [3, 14],
        [4, 15],
      ],
    );
  });

  it('fills numbers, booleans and ports', () => {
    const text = `
services:
  app:
    image: i
    init: \${T}
    scale: \${N}
    cpus: \${F}
    ports: ["\${P}:\${P}"]
`;
    const service = load(text, { env: { T: 'true', N: '3', F: '0.5', P: '80' } }).project.services['app'];
    assert.equal(service?.init, true);
    assert.equal(service?.scale, 3);
    assert.equal(service?.cpus, 0.5);
    assert.deepEqual(service?.ports, [{ mode: 'ingress', target: 80, published: '80', protocol: 'tcp' }]);
  });
});
