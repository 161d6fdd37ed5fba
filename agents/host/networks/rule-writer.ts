import { NativeError } from '../native/native-error.ts';
import type { NetReply, NetRequest } from '../native/net-protocol.ts';
import { emptyNftPlan, renderNft, renderNftChange } from './nft-plan.ts';
import type { NftPlan } from './nft-plan.ts';

/** What the kernel is to look like. */
export interface Rules {
  readonly plan: NftPlan;
  /** Bridges whose traffic foreign firewalls have to let through. */
  readonly bridges: readonly string[];
}

export interface RuleWriterOptions {
  /** Family and name of the table. */
  readonly table: string;
  readonly request: NetRequester;
  /** Keeps what is about to be written, so that a later daemon knows what is in the kernel. */
  readonly save: () => Promise<void>;
  readonly warn: (message: string) => void;
}

/** Sends requests to tsstack-net. */
export type NetRequester = <Request extends NetRequest>(request: Request) => Promise<NetReply<Request>>;

/**
 * Writes the nftables rules of this daemon. Changes of the same turn of the event loop become one transaction, and one
 * transaction is under way at a time. Never resolves before the change is in effect.
 */
export class RuleWriter {
  readonly #options: RuleWriterOptions;
  #desired: Rules = { plan: emptyNftPlan, bridges: [] };
  /** Null: not known, so that the next write replaces the table. */
  #applied: Rules | null = null;
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(options: RuleWriterOptions) {
    this.#options = options;
  }

  /** Makes `rules` true, or newer ones that replace them meanwhile. */
  write(rules: Rules): Promise<void> {
    this.#desired = rules;
    this.#next ??= this.#writeNext();
    return this.#next;
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#next?.catch(() => undefined);
    await this.#writing;
  }

  async #writeNext(): Promise<void> {
    await Promise.all([this.#writing, new Promise((resolve) => setImmediate(resolve))]);
    this.#next = null;
    const written = this.#apply(this.#desired);
    this.#writing = written.catch(() => undefined);
    await written;
  }

  async #apply(rules: Rules): Promise<void> {
    await this.#options.save();
    const before = this.#applied;
    this.#applied = null;
    await this.#writeTable(before, rules);
    await this.#guard(before, rules);
    this.#applied = rules;
  }

  async #writeTable(before: Rules | null, { plan }: Rules): Promise<void> {
    const { table } = this.#options;
    const whole = renderNft(table, plan);
    const script = before === null ? whole : renderNftChange(table, before.plan, plan);
    if (script === '') return;
    const keep = { table, script: plan.bridges.length === 0 ? null : whole };
    try {
      await this.#options.request({ op: 'nft', script, keep });
    } catch (error) {
      // Somebody has removed or changed our table.
      if (before === null || !(error instanceof NativeError)) throw error;
      await this.#options.request({ op: 'nft', script: whole, keep });
    }
  }

  async #guard(before: Rules | null, { bridges }: Rules): Promise<void> {
    if (before !== null && before.bridges.join() === bridges.join()) return;
    const { warnings } = await this.#options.request({ op: 'guard', bridges });
    for (const warning of warnings) this.#options.warn(warning);
  }
}
