import type { Engine } from '../engines/engine.ts';
import type { Recorder } from '../lib/measure.ts';

/** What a case gets: an engine that runs, with the image loaded, and a scratch folder. */
interface CaseContext {
  readonly engine: Engine;
  readonly directory: string;
  /** Reference of a busybox image that is present. */
  readonly image: string;
  readonly repeat: number;
  readonly recorder: Recorder;
  /** Reference of a 250 MB image on a loopback registry. */
  readonly bigReference: string;
}

export interface Case {
  readonly name: string;
  run(context: CaseContext): Promise<void>;
}
