import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { contracts, generateContract } from '../../../tools/generate-proto.ts';

describe('the generated contracts', () => {
  for (const contract of contracts) {
    it(`${contract.target} is what tools/generate-proto.ts makes of proto/ today`, async () => {
      const committed = readFileSync(new URL(`../../../${contract.target}`, import.meta.url), 'utf8');
      assert.equal(committed, await generateContract(contract), 'run bin/node tools/generate-proto.ts');
    });
  }
});
