import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { execInShim } from '../../agents/host/native/shim-client.ts';
import type { ExecOptions } from '../../agents/host/tasks/shim.ts';
import { hasSanitizers } from '../support/native-build.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';
import { readDescriptors } from '../support/shim-leftovers.ts';

/** Bits of the capability sets, as in linux/capability.h. */
const bits = {
  dacOverride: 1n << 1n,
  kill: 1n << 5n,
  sysModule: 1n << 16n,
  sysAdmin: 1n << 21n,
  sysBoot: 1n << 22n,
  sysTime: 1n << 25n,
};
const setNames = {
  effective: 'CapEff',
  permitted: 'CapPrm',
  bounding: 'CapBnd',
  inheritable: 'CapInh',
  ambient: 'CapAmb',
} as const;

type Rights = Readonly<Record<keyof typeof setNames, bigint>> & { readonly noNewPrivileges: boolean };

function rightsIn(status: string): Rights {
  const field = (name: string): string =>
    new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(status)?.[1] ?? assert.fail(name);
  const set = (name: string): bigint => BigInt(`0x${field(name)}`);
  return {
    effective: set(setNames.effective),
    permitted: set(setNames.permitted),
    bounding: set(setNames.bounding),
    inheritable: set(setNames.inheritable),
    ambient: set(setNames.ambient),
    noNewPrivileges: field('NoNewPrivs') === '1',
  };
}

const rightsOf = (pid: number): Rights => rightsIn(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** What processes started by this one, the shim before it drops anything, may hold. */
const own = rightsOf(process.pid);

async function execOutput(container: LabContainer, command: string, privileged: boolean): Promise<string> {
  const process = { ...processOf(command), noNewPrivileges: false } as unknown as ExecOptions['process'];
  const options = { process, stdin: false, detach: false, timeoutMs: null, privileged };
  const session = await execInShim(container.socketPath, options);
  let text = '';
  for await (const { bytes } of session.output) text += bytes.toString();
  return text;
}

describe('shim: what it keeps for itself', () => {
  let lab: ShimLab;
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());

  it('has next to no capability in effect, and none at all that acts on the whole machine', async () => {
    const { control, state } = await lab.run('sleep 100');
    const rights = rightsOf(state.shimPid);
    assert.equal(rights.effective, bits.dacOverride | bits.kill);
    assert.equal(rights.inheritable | rights.ambient, 0n);
    for (const set of [rights.permitted, rights.bounding]) {
      assert.equal(set & (bits.sysModule | bits.sysBoot | bits.sysTime), 0n);
      assert.equal(set & bits.sysAdmin, bits.sysAdmin); // for the next run
    }
    // The control: whoever started it has them, so that it is the shim that gave them up.
    assert.equal(own.permitted & (bits.sysModule | bits.sysBoot), bits.sysModule | bits.sysBoot);
    assert.equal(own.effective & bits.sysAdmin, bits.sysAdmin);
    await control.request({ op: 'kill' });
  });

  it('keeps what its container was made with, also for the next run', async () => {
    const sets = ['CAP_SYS_BOOT', 'CAP_KILL'];
    const capabilities = { bounding: sets, effective: sets, permitted: sets };
    const { container, control, state } = await lab.run(
      'grep Cap /proc/self/status; grep NoNew /proc/self/status; sleep 100',
      {
        process: { capabilities, noNewPrivileges: false },
      },
    );
    assert.equal(rightsOf(state.shimPid).permitted & (bits.sysBoot | bits.sysModule), bits.sysBoot);
    await eventually('the first run has spoken', () => container.logLines.length === 6);
    await control.request({ op: 'restart', graceMs: 0 });
    await eventually('both runs have spoken', () => container.logLines.length === 12);
    for (const lines of [container.logLines.slice(0, 6), container.logLines.slice(6)]) {
      const rights = rightsIn(lines.map((line) => line.replace('stdout F ', '')).join('\n'));
      assert.equal(rights.effective, bits.sysBoot | bits.kill);
      assert.equal(rights.bounding, bits.sysBoot | bits.kill);
    }
    assert.equal(rightsOf(state.shimPid).effective, bits.dacOverride | bits.kill);
    await control.request({ op: 'kill' });
  });

  it('gains no privileges where its container may gain none, and only there', async () => {
    for (const noNewPrivileges of [true, false]) {
      const { control, state } = await lab.run('sleep 100', { process: { noNewPrivileges } });
      assert.equal(rightsOf(state.shimPid).noNewPrivileges, noNewPrivileges);
      await control.request({ op: 'kill' });
    }
  });

  it('gives a privileged exec all that it holds, and another one what the container has', async () => {
    const { container, control, state } = await lab.run('sleep 100');
    const look = 'cat /proc/self/status';
    assert.equal(rightsIn(await execOutput(container, look, true)).effective, rightsOf(state.shimPid).permitted);
    assert.equal(rightsIn(await execOutput(container, look, false)).effective, 0n);
    await control.request({ op: 'kill' });
  });

  it('has nothing open but what it serves, and a small address space', async () => {
    const { container, control, state } = await lab.run('echo ready; sleep 100');
    await eventually('ready', () => container.log.includes('ready'));
    const open = readDescriptors(state.shimPid);
    // Its three, epoll, signals, listener and one client, log, the two pipes; the rest is libbox's hold on the container.
    assert.ok(open.length <= 20, open.join('\n'));
    assert.equal(
      open.filter((name) => name.includes(lab.directory) && !name.endsWith('current.log')).length,
      0,
      open.join('\n'),
    );
    const sizeKb = Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${state.shimPid}/status`, 'utf8'))?.[1]);
    // 2 MB today; sanitizers reserve terabytes.
    if (!hasSanitizers) assert.ok(sizeKb < 4096, `${sizeKb} kB`);
    await control.request({ op: 'kill' });
  });
});
