import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { execInShim } from '../../agents/host/native/shim-client.ts';
import type { ExecOptions } from '../../agents/host/tasks/shim.ts';
import { isNativeError } from '../support/native-errors.ts';
import { SeccompAgent } from '../support/seccomp-agent.ts';
import { eventually, processOf, ShimLab } from '../support/shim-lab.ts';
import { findLeftovers } from '../support/shim-leftovers.ts';

/** Fails when somebody says so. */
const script = 'mkdir /tmp/made 2>&1; test -d /tmp/made && echo made';

describe('shim: a seccomp listener', () => {
  let lab: ShimLab;
  const agents: SeccompAgent[] = [];
  before(() => {
    lab = new ShimLab();
  });
  after(() => lab.dispose());
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.dispose();
  });

  async function listen(name: string, connections: number): Promise<SeccompAgent> {
    const agent = await SeccompAgent.listen(socketOf(name), connections);
    agents.push(agent);
    return agent;
  }

  const socketOf = (name: string): string => join(lab.directory, `${name}.sock`);
  const decidedOn = (name: string, action = 'SCMP_ACT_NOTIFY'): Readonly<Record<string, unknown>> => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    listenerPath: socketOf(name),
    listenerMetadata: 'some text',
    syscalls: [{ names: ['mkdir'], action }],
  });

  for (const noNewPrivileges of [true, false])
    it(`decides on the container's calls, ${noNewPrivileges ? 'with' : 'without'} no_new_privs`, async () => {
      const name = `decides-${String(noNewPrivileges)}`;
      const agent = await listen(name, 1);
      const { container, control, state } = await lab.run(script, {
        seccomp: decidedOn(name),
        process: { noNewPrivileges },
      });
      await container.until(({ phase }) => phase === 'exited');
      control.close();
      assert.deepEqual(container.logLines, [
        "stdout F mkdir: can't create directory '/tmp/made': No space left on device",
      ]);
      const { pid, metadata, state: told } = await agent.state();
      assert.deepEqual([pid, metadata, told['id'], told['pid']], [state.pid, 'some text', container.name, state.pid]);
      assert.equal(await agent.line(), 'refused 1');
    });

  it('decides on those of an exec, and of the next run', async () => {
    const agent = await listen('all', 3);
    const { container, control, state } = await lab.run('sleep 1000', { seccomp: decidedOn('all') });
    const process = processOf('mkdir /tmp/made') as unknown as ExecOptions['process'];
    const options = { process, stdin: false, detach: false, timeoutMs: null, privileged: false };
    const session = await execInShim(container.socketPath, options);
    for await (const { bytes } of session.output) assert.match(bytes.toString(), /No space left/);
    assert.equal((await session.exit).exitCode, 1);
    await control.request({ op: 'restart', graceMs: 0 });
    const pids = [(await agent.state()).pid, (await agent.state()).pid, (await agent.state()).pid];
    assert.deepEqual(pids, [state.pid, pids[1], container.state.pid]);
    assert.equal(new Set(pids).size, 3);
    await control.request({ op: 'kill' });
    control.close();
    assert.equal(await agent.line(), 'refused 1');
  });

  it('is not asked when no rule says so: the call is made', async () => {
    const { container, control } = await lab.run(script, { seccomp: decidedOn('nobody', 'SCMP_ACT_ALLOW') });
    await container.until(({ phase }) => phase === 'exited');
    control.close();
    assert.deepEqual(container.logLines, ['stdout F made']);
  });

  it('that is not there is an error, and the program does not run', async () => {
    const { container, control } = await lab.create(script, { seccomp: decidedOn('nobody') });
    await assert.rejects(
      control.request({ op: 'start' }),
      isNativeError('seccomp', `linux.seccomp.listenerPath: hand over to ${socketOf('nobody')}: No such file`),
    );
    control.close();
    await eventually('nothing is left', () => findLeftovers(lab, container).length === 0);
    assert.ok(!existsSync(container.logPath) || container.log === '');
  });
});
