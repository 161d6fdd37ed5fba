import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { newId } from '../../../src/model/ids.ts';
import { TsstackError } from '../../../src/model/errors.ts';
import { hasErrno } from '../errors.ts';

/** Who this agent is and whose word it takes; kept in agent.json. */
export interface AgentIdentity {
  readonly nodeId: string;
  /** Empty until the first session. */
  readonly clusterId: string;
  readonly storeEpoch: number;
}

/** The manager belongs to another cluster than the one that this host's containers came from. */
class ForeignClusterError extends TsstackError {
  constructor(known: string, offered: string, file: string) {
    super('conflict', `this host belongs to cluster ${known}, but the manager is of cluster ${offered}`, {
      hint: `if that is meant, stop the daemon and remove ${file}: containers of the old cluster are then left alone`,
    });
  }
}

/**
 * Decides whose word the agent takes. An empty or restored store must not wipe a host: what it does not mention is deleted only
 * when the store is the very one, cluster and epoch, that the agent knew before.
 */
export class ClusterGuard {
  readonly #file: string;
  #identity: AgentIdentity;

  constructor(file: string) {
    this.#file = file;
    this.#identity = readIdentity(file);
  }

  /** Makes the agent that will use the file a node of a cluster whose store it has not seen yet. */
  static async assign(file: string, nodeId: string, clusterId: string): Promise<void> {
    await new ClusterGuard(file).#save({ nodeId, clusterId, storeEpoch: 0 });
  }

  get identity(): AgentIdentity {
    return this.#identity;
  }

  /** Accepts the manager of a new session or throws. Returns whether things that it does not mention may be deleted. */
  async admit(clusterId: string, storeEpoch: number): Promise<boolean> {
    const known = this.#identity;
    if (known.clusterId !== '' && known.clusterId !== clusterId) {
      throw new ForeignClusterError(known.clusterId, clusterId, this.#file);
    }
    const isKnown = known.clusterId === clusterId && known.storeEpoch === storeEpoch;
    if (!isKnown) await this.#save({ ...known, clusterId, storeEpoch });
    return isKnown;
  }

  /** Writes the identity of a new agent, so that it keeps its node id. */
  async persist(): Promise<void> {
    await this.#save(this.#identity);
  }

  async #save(identity: AgentIdentity): Promise<void> {
    this.#identity = identity;
    const temporary = `${this.#file}.${randomUUID()}`;
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(temporary, `${JSON.stringify(identity)}\n`, { mode: 0o600, flush: true });
    await rename(temporary, this.#file);
  }
}

function readIdentity(file: string): AgentIdentity {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as AgentIdentity;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return { nodeId: newId(), clusterId: '', storeEpoch: 0 };
    throw new TsstackError('internal', `read the agent's identity ${file}`, { cause: error });
  }
}
