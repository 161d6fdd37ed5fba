import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('parts of the bundle', () => {
  let directory: string;
  const codeOf = (verb: string, name: string): string => join(directory, 'code', verb, name);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-parts-'));
    writeFileSync(
      join(directory, 'first.cjs'),
      `let runs = 0;
       exports.path = require('node:path').parse(__filename).dir === __dirname;
       exports.second = () => (runs++, require('./second.cjs').name);
       exports.runs = () => runs;`,
    );
    writeFileSync(join(directory, 'second.cjs'), `module.exports = { name: 'second' };`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** One command, in a process of its own as V8 remembers what it has compiled: loads the first part, which loads the other, and ends. */
  function runCommand(verb: string | null): void {
    const program = `
      import { BundleParts } from ${JSON.stringify(join(import.meta.dirname, '../../../src/cli/bundle-parts.ts'))};
      const parts = new BundleParts(${JSON.stringify(directory)}, ${JSON.stringify(verb)});
      const first = parts.load('./first.cjs');
      console.log(first.second(), first.runs(), parts.load('./first.cjs') === first, first.path);
      parts.save();`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    assert.equal(output, 'second 1 true true\n');
  }

  it('load each other and modules of Node', () => {
    runCommand(null);
    assert.equal(existsSync(join(directory, 'code')), false, 'without a verb nothing is kept');
  });

  it('leave their code to the next command of the verb, and to no other', () => {
    runCommand('up');
    const { mtimeNs } = statSync(codeOf('up', 'second.cjs'), { bigint: true });
    runCommand('up');
    assert.equal(
      statSync(codeOf('up', 'second.cjs'), { bigint: true }).mtimeNs,
      mtimeNs,
      'what is good is not written again',
    );
    assert.equal(existsSync(codeOf('ps', 'first.cjs')), false);
  });

  it('do without code that is damaged or of another V8, and replace it', () => {
    runCommand('up');
    const good = readFileSync(codeOf('up', 'first.cjs'));
    for (const bad of [
      Buffer.from('no code'),
      Buffer.concat([Buffer.alloc(64, 1), good.subarray(64)]),
      Buffer.alloc(0),
    ]) {
      writeFileSync(codeOf('up', 'first.cjs'), bad);
      runCommand('up');
      assert.deepEqual(readFileSync(codeOf('up', 'first.cjs')).subarray(0, 16), good.subarray(0, 16));
    }
  });

  it('keep nothing where nothing can be written', () => {
    writeFileSync(join(directory, 'code'), 'a file in the way');
    runCommand('up');
  });
});
