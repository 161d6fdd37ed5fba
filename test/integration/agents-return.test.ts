/** Fifty agents over real gRPC, whose manager is away for a moment. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedAgent } from '../../agents/simulated/simulated-agent.ts';
import { ObjectView } from '../../src/cli/tasks/object-view.ts';
import { Manager } from '../../src/manager/manager.ts';
import { connectControl, connectDispatcher } from '../../src/rpc/client.ts';
import { serve, serveControl, serveDispatcher } from '../../src/rpc/server.ts';
import { serviceSpec, stackSpec } from '../fixtures/specs.ts';

const names = Array.from({ length: 50 }, (_, index) => `n${index}`);

/** One life of the manager, on the same store. */
async function startManager(directory: string, onError: (error: unknown) => void) {
  const manager = await Manager.start({ dataRoot: directory, runRoot: directory, version: '0', onError });
  const address = `unix://${join(directory, 'sock')}`;
  const server = await serve(address, [serveControl(manager.control), serveDispatcher(manager.dispatcher)]);
  const control = await connectControl(address);
  const end = async (): Promise<void> => {
    control.close();
    await server.stop(0);
    await manager.stop();
  };
  return { address, control, end };
}

describe('fifty agents', () => {
  let directory: string;
  let manager: Awaited<ReturnType<typeof startManager>>;
  let agents: readonly SimulatedAgent[] = [];
  const errors: unknown[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-return-'));
    manager = await startManager(directory, (error) => void errors.push(error));
  });
  afterEach(async () => {
    for (const agent of agents) agent.stop();
    await manager.end();
    rmSync(directory, { recursive: true });
    assert.deepEqual(errors, []);
  });

  /** All register in the same moment, by one connection. */
  async function register(): Promise<void> {
    const { address } = manager;
    const client = await connectDispatcher(address);
    const before = agents;
    agents = await Promise.all(
      names.map((name, index) =>
        SimulatedAgent.start({ address, client, nodeId: name, hostname: name }, before[index]),
      ),
    );
  }

  /** Where each task runs, when all of them run and every node is ready. */
  async function untilAllRun(): Promise<readonly string[]> {
    const view = new ObjectView();
    for await (const message of manager.control.watch({ stack: '', kinds: ['task', 'node'] }, { deadlineMs: 60_000 })) {
      view.apply(message);
      const isSettled =
        view.ofKind('node').length === names.length &&
        view.ofKind('node').every(({ state }) => state === 'ready') &&
        view.tasks.every(({ status, desired }) => status.state === 'running' && desired === 'running');
      if (message.synced && isSettled && view.tasks.length > 0)
        return view.tasks.map(({ id, nodeId }) => `${id} ${nodeId}`).toSorted();
    }
    throw new Error('the watch ended');
  }

  it('come back at once after a restart of the manager, and keep what they have', async () => {
    await register();
    const service = serviceSpec('web', { replicas: 200, networkMode: { kind: 'none' }, networks: [] });
    await manager.control.applyStack({ spec: JSON.stringify(stackSpec([service])) });
    const before = await untilAllRun();
    assert.equal(before.length, 200);
    for (const agent of agents) agent.stop();
    await manager.end();
    manager = await startManager(directory, (error) => void errors.push(error));
    await register();
    assert.deepEqual(await untilAllRun(), before);
  });
});
