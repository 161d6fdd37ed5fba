import type { Command } from '../lib/command.ts';

/** What the bench needs of a container engine with its compose front end; one daemon of its own, on roots of its own. */
export interface Engine {
  readonly name: string;
  /** `version` for the report. */
  describe(): Promise<string>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The compose command line with these arguments (`up -d`, …) on this file. */
  compose(file: string, args: readonly string[]): Command;
  /** Makes the image of a docker-archive known. */
  load(archive: string): Promise<void>;
  pull(reference: string): Command;
  removeImage(reference: string): Promise<void>;
  /** Processes of the engine itself. */
  daemonPids(): readonly number[];
  /** Processes that watch over containers, all of them together. */
  supervisionPids(): readonly number[];
}
