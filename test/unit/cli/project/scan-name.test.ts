import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { scanName } from '../../../../src/cli/project/scan-name.ts';

describe('scanName', () => {
  const cases: readonly (readonly [string, string | 'none' | 'unclear'])[] = [
    ['services:\n  name: { image: a }\n', 'none'],
    ['name: shop\nservices: {}\n', '=shop'],
    ['# a stack\n---\nname: shop # the shop\n', '=shop'],
    ["name: 'my shop'\r\nservices:\r\n", '=my shop'],
    ['name: "a"\nname: "b"\n', '=b'],
    ['name: a\n---\nname: b\n', '=b'],
    ['name: "${X:-y}"\n', '=${X:-y}'],
    ['include:\n- other.yml\nname: a\n', '=a'],
    ['\uFEFFname: a\n', '=a'],
    ['name: ${X:-y}\n', 'unclear'],
    ['name: |\n  a\n', 'unclear'],
    ['name: &n a\n', 'unclear'],
    ['name: "a\\tb"\n', 'unclear'],
    ['name: null\n', 'unclear'],
    ['name: 5\n', 'unclear'],
    ['name:\n  a\n', 'unclear'],
    ['{name: a, services: {}}\n', 'unclear'],
    ['"name": a\n', 'unclear'],
    ['? name\n: a\n', 'unclear'],
    ['<<: *base\n', 'unclear'],
    ['%YAML 1.2\n---\nname: a\n', 'unclear'],
  ];
  for (const [text, expected] of cases) {
    it(JSON.stringify(text), () => {
      const found = scanName(text);
      assert.equal(found.kind === 'name' ? `=${found.text}` : found.kind, expected);
    });
  }
});
