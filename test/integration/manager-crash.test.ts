import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SimulatedAgent } from '../../agents/simulated/simulated-agent.ts';
import type { TaskObject } from '../../src/model/objects.ts';
import { connectControl } from '../../src/rpc/client.ts';
import type { ControlClient } from '../../src/rpc/service-types.ts';
import { dependsOn, serviceSpec, stackSpec } from '../fixtures/specs.ts';

const program = fileURLToPath(new URL('../fixtures/manager-process.ts', import.meta.url));

/** Ten chains of two services. */
const spec = stackSpec(
  Array.from({ length: 20 }, (_unused, index) =>
    serviceSpec(`s${index}`, index < 10 ? {} : { dependsOn: { [`s${index - 10}`]: dependsOn('service_started') } }),
  ),
);

describe('a manager that is killed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tsstack-crash-'));
  const socket = join(directory, 'sock');
  const address = `unix://${socket}`;
  let child: ChildProcess | undefined;
  let agent: SimulatedAgent | undefined;
  let control: ControlClient | undefined;

  after(() => {
    stop();
    rmSync(directory, { recursive: true });
  });

  async function start(): Promise<ControlClient> {
    child = spawn(process.execPath, [program, directory, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.ok(child.stdout !== null);
    await once(child.stdout, 'data');
    agent = await SimulatedAgent.start({ address, nodeId: 'n1' }, agent);
    return (control = await connectControl(address));
  }

  function stop(): void {
    control?.close();
    agent?.stop();
    child?.kill('SIGKILL');
  }

  async function kill(): Promise<void> {
    assert.ok(child !== undefined);
    const exit = once(child, 'exit');
    stop();
    await exit;
  }

  async function untilTasks(
    client: ControlClient,
    condition: (tasks: readonly TaskObject[]) => boolean,
  ): Promise<void> {
    const tasks = new Map<string, TaskObject>();
    for await (const { objects, synced } of client.watch({ stack: 'p', kinds: ['task'] }, { deadlineMs: 60_000 })) {
      for (const { id, document } of objects) {
        if (document === '') tasks.delete(id);
        else tasks.set(id, JSON.parse(document) as TaskObject);
      }
      if (synced && condition([...tasks.values()])) return;
    }
  }

  it('carries on where it was, at whatever moment of up and down that happens', async () => {
    for (let round = 0; round < 6; round++) {
      // Kills spread over the whole of what up and down take.
      const delayMs = round * 8;
      const first = await start();
      const applied = first.applyStack({ spec: JSON.stringify(spec) }).then(
        () => true,
        () => false,
      );
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await kill();
      await applied;

      const second = await start();
      await second.applyStack({ spec: JSON.stringify(spec) });
      await untilTasks(
        second,
        (tasks) => tasks.length === 20 && tasks.every(({ status }) => status.state === 'running'),
      );
      assert.equal(agent?.tasks.size, 20);

      const removed = second.removeStack({ stack: 'p' }).then(
        () => true,
        () => false,
      );
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await kill();
      await removed;

      const third = await start();
      await third.removeStack({ stack: 'p' });
      await untilTasks(third, (tasks) => tasks.length === 0);
      assert.equal(agent?.tasks.size, 0);
      await kill();
    }
  });
});
