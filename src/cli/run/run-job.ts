import type { ServiceSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import type { runFlags } from './run-flags.ts';

/** The command as it was given. */
export type RunContext = CommandContext<typeof runFlags>;

/** One run and what it works with. */
export interface RunJob {
  readonly context: RunContext;
  readonly control: ControlClient;
  readonly stack: string;
  /** The service as this run wants it. */
  readonly service: ServiceSpec;
  readonly progress: Progress;
}
