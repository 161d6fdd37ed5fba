import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { FaultInjector } from '../support/fault-lab.ts';
import type { Fault } from '../support/fault-lab.ts';
import { eventually, ShimLab } from '../support/shim-lab.ts';
import type { LabContainer } from '../support/shim-lab.ts';
import { findLeftovers } from '../support/shim-leftovers.ts';

/** Enough of a container's life that all of it is tried. */
const fewestCalls = 200;
/** Every third one, because each is a container's life; `npm run fuzz` tries all. */
const step = Number(process.env['TSSTACK_FAULT_STEP'] ?? 3);

const fewestRequests = 100;

describe('tsstack-shim: a call fails', () => {
  let lab: ShimLab;
  let injector: FaultInjector;
  let scratch: string;
  before(() => {
    lab = new ShimLab();
    scratch = mkdtempSync(join(tmpdir(), 'tsstack-faults-')); // the lab's own processes are known by its directory
    injector = new FaultInjector(scratch);
  });
  after(async () => {
    await lab.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A container that prints a word and ends, from a launcher of its own to the end of its shim. */
  async function live(fault: Fault): Promise<readonly string[]> {
    const container = lab.describe('echo ready', { shim: { autostart: true } });
    const launcher = injector.start(fault, 'shim', ['--launcher']);
    const reply = await launcher.ask(JSON.stringify({ seq: 1, shim: container.configPath }));
    if (fault.kind === 'memory')
      await eventually(`${launcher.summary()} ${reply ?? ''}: it ends`, () => hasEnded(container));
    const { summary, faults } = await launcher.end();
    // What cannot be removed stays, for the agent to find.
    if (!/^(rmdir|unlink)/.test(summary)) assert.deepEqual(findLeftovers(lab, container), [], summary);
    // A shim that could not write any more has left an older word, and its pid, which is dead.
    if (fault.kind !== 'memory' || !fault.andAllAfter) check(container, reply, `${summary} ${reply ?? ''}`);
    return faults;
  }

  /** Without the tracer nobody else tells. */
  function hasEnded(container: LabContainer): boolean {
    return !container.isListening && lab.findProcesses().length === 0;
  }

  function check(container: LabContainer, reply: string | null, summary: string): void {
    const { error } = JSON.parse(reply ?? '{"error":{"message":"the launcher ended"}}') as {
      error?: { message: string };
    };
    if (error !== undefined) {
      assert.match(error.message, /\w{3}/, summary);
      // A launcher that cannot hear its shim takes it for dead; that one goes on.
      if (existsSync(join(container.directory, 'state.json'))) assert.equal(container.state.phase, 'exited', summary);
      return;
    }
    const { phase, exitCode } = container.state;
    assert.equal(phase, 'exited', summary);
    // A pipe that cannot be read, which does not happen, is taken for its end.
    if (exitCode === 0 && !summary.startsWith('read '))
      assert.deepEqual(container.logLines, ['stdout F ready'], summary);
  }

  it('says why it has made no container and leaves nothing, or sees it through to its end', async () => {
    const all = await live({ kind: 'none' });
    assert.ok(all.length > fewestCalls, `only ${all.join()}`);
    for (let which = 1; which <= all.length; which += step) await live({ kind: 'call', which });
  });

  async function refuseMemory(memoryStep: number, andAllAfter: boolean): Promise<void> {
    for (let which = 1; ; which += memoryStep) {
      const { length } = await live({ kind: 'memory', which, andAllAfter });
      if (length > 0) continue;
      assert.ok(which > fewestRequests, `only ${which}`);
      return;
    }
  }

  it('the same when it gets no memory once', () => refuseMemory(3 * step, false));

  // Few of them, because a shim that cannot write its state tries to for 10 s.
  it('leaves nothing when it gets no memory any more', () => refuseMemory(80, true));

  it('does all as always while every other call is interrupted by a signal', async () => {
    const interrupted = await live({ kind: 'interrupt' });
    assert.ok(interrupted.length > 10);
  });
});
