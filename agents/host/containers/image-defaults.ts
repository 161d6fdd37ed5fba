/** What an image says about the containers made from it (OCI image config, `config`), with nothing absent. */
export interface ImageDefaults {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** `NAME=value`. */
  readonly environment: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  /** Paths that are volumes. */
  readonly volumes: readonly string[];
  readonly stopSignal: string | null;
  readonly healthcheck: ImageHealthcheck | null;
}

export interface ImageHealthcheck {
  /** `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", line]`. */
  readonly test: readonly string[];
  readonly intervalMs: number | null;
  readonly timeoutMs: number | null;
  readonly startPeriodMs: number | null;
  readonly startIntervalMs: number | null;
  readonly retries: number | null;
}
