import type { ProgramResult } from '../run-program.ts';

/** A container engine of others that runs its containers with tsstack-box, and `busybox:test` loaded. */
export interface Engine {
  /**
   * Gives the containers that the kernel has killed for their memory once the awaited one is among them; null where it cannot tell on this host, whatever the
   * runtime.
   */
  readonly oomKilled: ((awaited: string) => Promise<readonly string[]>) | null;
  /** Exit code of its `exec` for a program that is not there, whatever the runtime. */
  readonly missingInExec: number;
  /** What `run` needs so that the container is made by the box. */
  readonly runOptions: readonly string[];
  /** Runs its client to the end. */
  client(...args: readonly string[]): Promise<ProgramResult>;
  /** The specs (config.json) of its containers that run. */
  specs(): readonly string[];
  /** What it and the box have left of containers that are gone; empty when all is well. */
  leftovers(): readonly string[];
  /** Ends it and removes what it made. */
  dispose(): Promise<void>;
}
