import type { TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import type { CommandContext } from '../command-line/verb.ts';
import type { upFlags } from './up-flags.ts';

type Rules = Pick<
  CommandContext<typeof upFlags>['flags'],
  'abort-on-container-exit' | 'abort-on-container-failure' | 'exit-code-from'
>;

/** Which containers of an attached `up` have ended, whether that ends the whole, and the exit code that comes of it. */
export class Endings {
  readonly #rules: Rules;
  /** In the order in which they were noticed; the code of a run counts once. */
  readonly #codes = new Map<string, { readonly service: string; readonly code: number }>();
  #abortCode: number | null = null;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Takes notice of containers as they are now. */
  observe(tasks: readonly TaskObject[]): void {
    for (const task of tasks) {
      const { status, id, service } = task;
      const key = `${id} ${status.run}`;
      const isOver = status.run >= task.desiredRun && isTerminal(status.state) && task.gate?.next !== 'running';
      if (!isOver || this.#codes.has(key)) continue;
      const code = status.container?.exitCode ?? 0;
      this.#codes.set(key, { service, code });
      this.#abortCode ??= this.#isReason(code) ? code : null;
    }
  }

  /** True when the end of one container has to be the end of all. */
  get endsAll(): boolean {
    return this.#abortCode !== null;
  }

  get exitCode(): number {
    const chosen = this.#rules['exit-code-from'];
    if (chosen === undefined) return this.#abortCode ?? 0;
    return [...this.#codes.values()].find(({ service }) => service === chosen)?.code ?? this.#abortCode ?? 0;
  }

  #isReason(code: number): boolean {
    if (this.#rules['abort-on-container-exit'] || this.#rules['exit-code-from'] !== undefined) return true;
    return this.#rules['abort-on-container-failure'] && code !== 0;
  }
}
