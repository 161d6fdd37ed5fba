import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { attachToShim } from '../../agents/host/native/shim-client.ts';
import { installProgram, nativeProgram } from '../support/native-build.ts';
import { eventually, ShimLab } from '../support/shim-lab.ts';

/** Leaves an orphan that ends at once, and has its number as $orphan. */
const leaveOrphan = 'orphan=$(sh -c "true & echo \\$!; exec true")';

/** Name and state of all processes below one, a line each. */
function processesBelow(pid: number): string {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children
    .map((child) => {
      const [, name, state] = /^\d+ \((.*)\) (\S)/.exec(readFileSync(`/proc/${child}/stat`, 'utf8')) ?? [];
      return `${name} ${state}\n${processesBelow(child)}`;
    })
    .join('');
}

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

  it('hands every signal on that can be, also one that looks like its own fault', async () => {
    // All but SIGKILL, SIGSTOP, the news of children, and the two that the C library keeps for itself.
    const kept = new Set([9, 17, 19, 32, 33]);
    const numbers = Array.from({ length: 64 }, (_, i) => i + 1).filter((number) => !kept.has(number));
    const traps = numbers.map((number) => `trap 'echo got ${number}' ${number};`).join(' ');
    const { container, control } = await lab.run(underInit(`${traps} echo ready; while :; do sleep 0.01; done`));
    await eventually('ready', () => container.log.includes('ready'));
    for (const number of numbers) {
      await control.request({ op: 'signal', signal: number });
      await eventually(`signal ${number}`, () => container.log.includes(`got ${number}\n`));
    }
    await control.request({ op: 'kill' });
  });

  it('gives its program the terminal, with job control, and the interrupt goes to the job in front', async () => {
    const { container, control } = await lab.create(['/bin/tsstack-init', '--', 'sh', '-i'], {
      shim: { stdin: true },
      process: { terminal: true, env: ['PATH=/bin', 'PS1=$ '] },
    });
    const session = await attachToShim(container.socketPath, { stdin: true, output: true });
    let text = '';
    const reading = (async () => {
      for await (const { bytes } of session.output) text += bytes.toString();
    })();
    await control.request({ op: 'start' });
    // The shell asks the terminal for its cursor after each prompt.
    const prompt = '\\r\\n\\$ (\\x1b\\[6n)?$';
    const type = async (line: string, answer: RegExp): Promise<void> => {
      text = '';
      await session.write(Buffer.from(line));
      await eventually(`${JSON.stringify(line)} is answered`, () => answer.test(text));
    };
    await type('echo begin$((1+1))\n', new RegExp(`begin2${prompt}`));
    assert.doesNotMatch(text, /can't access tty|job control/);
    // A job in front takes the interrupt, the shell lives on.
    await type('sleep 100; echo code $?\n', /sleep 100; echo code/);
    await eventually('it sleeps', () => /S\n.* S\n/.test(processesBelow(container.state.pid ?? 0)));
    await type('\x03', new RegExp(prompt));
    // One that is stopped goes on in front when it is asked to.
    await type('sh -c "kill -STOP \\$\\$; echo goes on"\n', new RegExp(`Stopped.*${prompt}`));
    await type('fg\n', new RegExp(`goes on${prompt}`));
    // One in the background that reads from the terminal is stopped by it.
    await type('cat &\n', new RegExp(prompt));
    await eventually('it is stopped', () => / T\n/.test(processesBelow(container.state.pid ?? 0)));
    await type('jobs\n', /Stopped \(tty input\).*cat/);
    await session.write(Buffer.from('exit 5\nexit 5\n'));
    await reading;
    assert.equal((await session.exit).exitCode, 5);
  });

  it('collects orphans, which a PID 1 that cares for none leaves as zombies', async () => {
    const says = async (text: string, args: readonly string[]): Promise<void> => {
      const { container, control } = await lab.run(args);
      await eventually(text, () => container.logLines.includes(`stdout F ${text}`));
      await control.request({ op: 'kill' });
    };
    const collected = 'while [ -e /proc/$orphan ]; do sleep 0.01; done; echo collected';
    await says('collected', underInit(`${leaveOrphan}; ${collected}; sleep 100`));
    // The negative control: PID 1 becomes a program that waits for nobody.
    const untilCareless = 'until grep -q "^sleep" /proc/1/comm; do sleep 0.01; done';
    const left = 'until grep -q "^State:.Z" /proc/$orphan/status; do sleep 0.01; done; echo left';
    await says('left', ['sh', '-c', `(${untilCareless}; ${leaveOrphan}; ${left}) & exec sleep 100`]);
  });

  it('takes everybody along when its program ends', async () => {
    const { container, control } = await lab.run(underInit('sleep 1000 & exit 0'));
    await control.closed;
    assert.deepEqual([container.state.exitCode, container.state.error], [0, null]);
  });
});
