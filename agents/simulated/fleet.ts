/** Many pretended nodes in one process. Each has a connection, as hosts do: on a shared one, an answer waits behind what others are being sent. */
import type { TaskObject } from '../../src/model/objects.ts';
import { SimulatedAgent } from './simulated-agent.ts';
import type { Traffic } from './traffic.ts';

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

  private constructor(agents: readonly SimulatedAgent[]) {
    this.agents = agents;
  }

  /** Resolves when all have registered. */
  static async start({ nodes, ...options }: FleetOptions): Promise<Fleet> {
    const agents: SimulatedAgent[] = [];
    const common = { ...options, connectTimeoutMs, returns: true, forgetsMessages: true };
    while (agents.length < nodes) {
      const batch = Array.from({ length: Math.min(startsAtOnce, nodes - agents.length) }, (_, offset) => {
        const name = `node-${agents.length + offset + 1}`;
        return SimulatedAgent.start({ ...common, nodeId: name, hostname: name });
      });
      agents.push(...(await Promise.all(batch)));
    }
    return new Fleet(agents);
  }
}
