import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { installProgram, nativeProgram } from '../support/native-build.ts';
import { eventually, ShimLab } from '../support/shim-lab.ts';

/** Leaves an orphan that ends at once, then counts the zombies. */
const countZombies = 'sh -c "true & exec true"; sleep 0.2; echo "zombies: $(cat /proc/[0-9]*/stat | grep -c " Z ")"';

describe('init', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
    // Not in bin: the links there are absolute, and would be followed on this host.
    installProgram(nativeProgram('init'), join(lab.directory, 'root'), 'bin/tsstack-init');
  });
  after(() => lab.dispose());

  const underInit = (command: string): readonly string[] => ['/bin/tsstack-init', '--', 'sh', '-c', command];

  it('is PID 1, and ends with the exit code of its program', async () => {
    const { container, control } = await lab.run(underInit('read name < /proc/1/comm; echo $name; exit 7'));
    await control.closed;
    assert.deepEqual(container.logLines, ['stdout F tsstack-init']);
    assert.equal(container.state.exitCode, 7);
  });

  it('ends with 128+n when signal n has killed its program', async () => {
    const { container, control } = await lab.run(underInit('kill -9 $$'));
    await control.closed;
    assert.deepEqual([container.state.exitCode, container.state.signal], [137, null]);
  });

  it('says 127 for a missing program and 126 for one that is none', async () => {
    const codes = ['/bin/missing', '/proc/version'].map(async (program) => {
      const { container, control } = await lab.run(['/bin/tsstack-init', program]);
      await control.closed;
      assert.match(container.log, new RegExp(`stderr F tsstack-init: execute ${program}`));
      return container.state.exitCode;
    });
    assert.deepEqual(await Promise.all(codes), [127, 126]);
  });

  it('hands every signal on, also one that looks like its own fault', async () => {
    const names = ['HUP', 'INT', 'QUIT', 'ABRT', 'USR1', 'SEGV', 'USR2', 'TERM', 'TTIN', 'WINCH', 'SYS', 'RTMIN+3'];
    const numbers = [1, 2, 3, 6, 10, 11, 12, 15, 21, 28, 31, 37];
    const traps = numbers.map((number) => `trap 'echo got ${number}' ${number};`).join(' ');
    const { container, control } = await lab.run(underInit(`${traps} echo ready; while :; do sleep 0.02; done`));
    await eventually('ready', () => container.log.includes('ready'));
    for (const [i, name] of names.entries()) {
      await control.request({ op: 'signal', signal: name });
      await eventually(name, () => container.log.includes(`got ${numbers[i]}\n`));
    }
    await control.request({ op: 'kill' });
  });

  it('collects orphans, which a PID 1 that cares for none leaves as zombies', async () => {
    const zombies = async (args: readonly string[]): Promise<string | undefined> => {
      const { container, control } = await lab.run(args);
      await eventually('the count', () => container.log.includes('zombies'));
      await control.request({ op: 'kill' });
      return container.logLines[0];
    };
    assert.equal(await zombies(underInit(`${countZombies}; sleep 100`)), 'stdout F zombies: 0');
    // The negative control: PID 1 becomes a program that waits for nobody.
    const careless = `(sleep 0.3; ${countZombies}) & exec sleep 100`;
    assert.equal(await zombies(['sh', '-c', careless]), 'stdout F zombies: 1');
  });

  it('takes everybody along when its program ends', async () => {
    const { container, control } = await lab.run(underInit('sleep 1000 & exit 0'));
    await control.closed;
    assert.deepEqual([container.state.exitCode, container.state.error], [0, null]);
  });
});
