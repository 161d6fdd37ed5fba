import * as z from 'zod';
import type { ImageDefaults, ImageHealthcheck } from '../../containers/image-defaults.ts';
import { MalformedImageError } from '../errors.ts';
import type { Digest } from './digest.ts';
import { requireDigest } from './digest.ts';
import { parseJson } from './json.ts';
import type { Platform } from './platform.ts';

const strings = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const keys = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((value) => Object.keys(value ?? {}));
/** Nanoseconds, 0 or absent = the engine's default. */
const duration = z
  .number()
  .nullish()
  .transform((value) => (value === null || value === undefined || value <= 0 ? null : value / 1e6));

const healthcheck = z.object({
  Test: strings,
  Interval: duration,
  Timeout: duration,
  StartPeriod: duration,
  StartInterval: duration,
  Retries: z
    .int()
    .nullish()
    .transform((value) => (value === null || value === undefined || value <= 0 ? null : value)),
});

/** What containers made from the image get unless the stack file says otherwise (OCI image spec, `config`), with nothing absent. */
const runConfig = z.object({
  User: text,
  ExposedPorts: keys,
  Env: strings,
  Entrypoint: strings,
  Cmd: strings,
  Volumes: keys,
  WorkingDir: text,
  Labels: z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
  StopSignal: text,
  Shell: strings,
  OnBuild: strings,
  Healthcheck: healthcheck.nullish().transform((value) => value ?? null),
});

const configSchema = z.object({
  architecture: text,
  os: text,
  variant: text,
  created: text,
  config: runConfig.nullish().transform((value) => value ?? runConfig.parse({})),
  rootfs: z.object({ diff_ids: strings }),
});

export type OciImageConfig = z.infer<typeof runConfig>;

/** The configuration document of an image. */
export interface ImageDocument {
  readonly platform: Platform;
  /** RFC 3339; empty when the image does not say. */
  readonly createdAt: string;
  readonly config: OciImageConfig;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[];
}

export function parseImageConfig(data: Uint8Array, reference: string): ImageDocument {
  const what = `the configuration of ${reference}`;
  const { architecture, os, variant, created, config, rootfs } = parseJson(configSchema, data, what);
  return {
    platform: { os, architecture, variant },
    createdAt: created,
    config,
    diffIds: rootfs.diff_ids.map((diffId) => requireDigest(diffId, what)),
  };
}

/** As many layers in the configuration as there are archives, or the image is broken. */
export function checkLayerCount(document: ImageDocument, layerCount: number, reference: string): void {
  if (document.diffIds.length === layerCount) return;
  throw new MalformedImageError(
    `image ${reference}`,
    `its configuration names ${document.diffIds.length} layers, its manifest ${layerCount}`,
  );
}

export function emptyConfig(): OciImageConfig {
  return runConfig.parse({});
}

/** The configuration as the rest of the agent uses it. */
export function toImageDefaults(config: OciImageConfig): ImageDefaults {
  return {
    entrypoint: config.Entrypoint,
    command: config.Cmd,
    environment: config.Env,
    workingDir: config.WorkingDir,
    user: config.User,
    volumes: config.Volumes,
    stopSignal: config.StopSignal === '' ? null : config.StopSignal,
    healthcheck: config.Healthcheck === null ? null : toHealthcheck(config.Healthcheck),
  };
}

function toHealthcheck(check: z.infer<typeof healthcheck>): ImageHealthcheck {
  return {
    test: check.Test,
    intervalMs: check.Interval,
    timeoutMs: check.Timeout,
    startPeriodMs: check.StartPeriod,
    startIntervalMs: check.StartInterval,
    retries: check.Retries,
  };
}
