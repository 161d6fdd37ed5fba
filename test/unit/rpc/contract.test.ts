import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { generateContract } from '../../../tools/generate-proto.ts';

describe('the generated contract', () => {
  it('is what tools/generate-proto.ts makes of proto/ today', async () => {
    const committed = readFileSync(new URL('../../../src/rpc/generated/contract.ts', import.meta.url), 'utf8');
    assert.equal(committed, await generateContract(), 'run bin/node tools/generate-proto.ts');
  });
});
