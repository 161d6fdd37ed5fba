import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'mocha';
import type { RawValue } from '../../../../src/cli/command-line/flag.ts';
import { completeWords } from '../../../../src/cli/completion/complete-words.ts';
import { shellScripts } from '../../../../src/cli/completion/shell-scripts.ts';
import { verbs } from '../../../../src/cli/verbs.ts';

/** Candidates after a command line, of which the last word is being typed. */
async function complete(line: string): Promise<readonly string[]> {
  const services = (given: ReadonlyMap<string, RawValue>): Promise<readonly string[]> =>
    Promise.resolve(given.get('file') === undefined ? ['web', 'worker', 'db'] : ['other']);
  return completeWords(line.split(' '), { verbs, services });
}

describe('completion', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['do', ['down']],
    ['cluster jo', ['join']],
    ['up --det', ['--detach']],
    ['--prog', ['--progress']],
    ['logs w', ['web', 'worker']],
    ['-f x.yml logs ', ['other']],
    ['--file=x.yml logs ', ['other']],
    ['logs -f ', ['web', 'worker', 'db']],
    ['up -f ', []],
    ['up --attach d', ['db']],
    ['up --exit-code-from=', []],
    ['up -d ', ['web', 'worker', 'db']],
    ['pull --policy ', ['missing', 'always']],
    ['exec ', ['web', 'worker', 'db']],
    ['exec web ', []],
    ['exec web --', []],
    ['nonsense ', []],
    ['ls ', []],
  ];
  for (const [line, expected] of cases)
    it(`of "${line}"`, async () => assert.deepEqual(await complete(line), expected));

  it('is nothing that bash cannot read', () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: shellScripts['bash'] ?? '' });
    assert.equal(status, 0, stderr.toString());
  });
});
