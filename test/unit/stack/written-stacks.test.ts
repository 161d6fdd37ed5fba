import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { loadStack } from '../../../src/stack/index.ts';
import { toCanonicalJson } from '../../../src/stack/output/canonical.ts';

const root = join(import.meta.dirname, '../../fixtures/stacks/written');

/** Stack files as people write them, each beside what they mean; docker-compose agrees where it knows the syntax. */
describe('stack files as people write them', () => {
  for (const name of readdirSync(root)) {
    const cwd = join(root, name);
    const modelOf = (stdin?: string): string => {
      const loaded = loadStack({
        cwd,
        env: { HOME: '/home/me' },
        ...(stdin === undefined ? {} : { files: ['-'], stdin, projectDirectory: cwd }),
      });
      return toCanonicalJson(loaded.project);
    };

    it(`${name}: means what it says, and so does its own output`, () => {
      const expected = join(cwd, 'expected.json');
      const model = modelOf();
      assert.equal(model, readFileSync(expected, 'utf8').replaceAll('/DIRECTORY', cwd));
      assert.equal(modelOf(model), model);
    });
  }
});
