import type { HealthcheckSpec } from '../../../src/model/spec.ts';
import type { ImageHealthcheck } from '../containers/image-defaults.ts';

/** A healthcheck with everything filled in. */
export interface Healthcheck {
  /** argv of the probe. */
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
}

/** Defaults of this field (semantics.md, section 7). */
const defaults = {
  intervalMs: 30_000,
  timeoutMs: 30_000,
  retries: 3,
  startPeriodMs: 0,
  startIntervalMs: 5000,
} as const;

/** Joins the file's healthcheck with the image's; null when there is none or it is switched off. */
export function resolveHealthcheck(spec: HealthcheckSpec | null, image: ImageHealthcheck | null): Healthcheck | null {
  if (spec?.test === 'disabled') return null;
  const command = probeCommand(spec?.test ?? image?.test ?? []);
  if (command === null) return null;
  return {
    command,
    intervalMs: pick('intervalMs', spec, image),
    timeoutMs: pick('timeoutMs', spec, image),
    retries: pick('retries', spec, image),
    startPeriodMs: pick('startPeriodMs', spec, image),
    startIntervalMs: pick('startIntervalMs', spec, image),
  };
}

/** Zero means "not set", as in image configs. */
function pick(key: keyof typeof defaults, spec: HealthcheckSpec | null, image: ImageHealthcheck | null): number {
  return spec?.[key] || image?.[key] || defaults[key];
}

function probeCommand(test: readonly string[]): readonly string[] | null {
  const [kind, ...words] = test;
  if (kind === 'CMD-SHELL') return ['/bin/sh', '-c', words.join(' ')];
  if (kind === 'CMD') return words.length === 0 ? null : words;
  return null;
}
