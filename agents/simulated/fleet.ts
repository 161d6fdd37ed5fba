/** Many pretended nodes in one process, over few connections. */
import type { TaskObject } from '../../src/model/objects.ts';
import { connectDispatcher } from '../../src/rpc/client.ts';
import type { DispatcherClient } from '../../src/rpc/service-types.ts';
import { SimulatedAgent } from './simulated-agent.ts';
import type { Traffic } from './traffic.ts';

/** Nodes that share a connection; each has two streams open on it. */
const nodesPerConnection = 100;

/** A manager that is given much to do may be a while in answering. */
const connectTimeoutMs = 60_000;

/** Registrations under way at a time. */
const startsAtOnce = 50;

export interface FleetOptions {
  readonly address: string;
  readonly nodes: number;
  /** Told of each task that a node has been given. */
  readonly onTask?: (task: TaskObject) => void;
  /** What crosses the wire is counted here. */
  readonly traffic: Traffic;
}

/** Nodes `node-1`, `node-2`, … that speak the real protocol. */
export class Fleet {
  readonly agents: readonly SimulatedAgent[];
  readonly #clients: readonly DispatcherClient[];

  private constructor(agents: readonly SimulatedAgent[], clients: readonly DispatcherClient[]) {
    this.agents = agents;
    this.#clients = clients;
  }

  /** Resolves when all have registered. */
  static async start({ address, nodes, onTask, traffic }: FleetOptions): Promise<Fleet> {
    const count = Math.ceil(nodes / nodesPerConnection);
    const clients = await Promise.all(
      Array.from({ length: count }, () => connectDispatcher(address, { connectTimeoutMs })),
    );
    const agents: SimulatedAgent[] = [];
    const common = { address, traffic, returns: true, ...(onTask === undefined ? {} : { onTask }) };
    while (agents.length < nodes) {
      const batch = Array.from({ length: Math.min(startsAtOnce, nodes - agents.length) }, (_, offset) => {
        const number = agents.length + offset + 1;
        const client = clients[number % count];
        const hostname = `node-${number}`;
        const own = { ...common, nodeId: hostname, hostname };
        return SimulatedAgent.start(client === undefined ? own : { ...own, client });
      });
      agents.push(...(await Promise.all(batch)));
    }
    return new Fleet(agents, clients);
  }

  /** Tasks that the nodes hold. */
  get tasks(): number {
    return this.agents.reduce((sum, { tasks }) => sum + tasks.size, 0);
  }

  stop(): void {
    for (const agent of this.agents) agent.stop();
    for (const client of this.#clients) client.close();
  }
}
