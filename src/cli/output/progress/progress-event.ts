/** One thing that a command works on, and how far it is. */
export interface ProgressEvent {
  /** `Container p-web-1`, `Network p_default`, `Image redis:7`. */
  readonly id: string;
  readonly state: 'working' | 'done' | 'warning' | 'error';
  /** Status word: Creating, Created, Started, … */
  readonly text: string;
  /** More, as the reason of an error or what is waited for. */
  readonly details?: string;
  /** For transfers: bytes so far, and of how many; total 0 = unknown. */
  readonly current?: number;
  readonly total?: number;
  /** The thing that this one is a part of, as a layer is of an image. */
  readonly parentId?: string;
}

/** Where the progress of a command is shown. */
export interface Progress {
  event(event: ProgressEvent): void;
  /** A line that is no progress, as a warning. */
  line(text: string): void;
  /** The last state is shown, and nothing comes any more. Safe to call twice. */
  stop(): void;
}
