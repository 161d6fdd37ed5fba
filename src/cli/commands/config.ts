import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemReason } from '../../model/system-error.ts';
import { runConfig, type ConfigArguments } from '../../stack/config.ts';
import { nodeFileSystem } from '../../stack/node-file-system.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { hasColours } from '../output/colour.ts';
import { readFormat } from '../output/format-flag.ts';
import { writeOutput } from '../output/write-output.ts';
import { loadOptions } from '../project/load-options.ts';

const flags = {
  environment: { type: 'boolean', help: 'Print the variables that interpolation sees' },
  explain: { type: 'string', value: 'SERVICE.ATTRIBUTE', help: 'Say in which file and line each value was written' },
  format: { type: 'string', value: 'FORMAT', help: 'yaml or json' },
  hash: { type: 'string', value: 'SERVICES', help: 'Print the hash of services: `*`, or names with commas between' },
  images: { type: 'boolean', help: 'Print the images' },
  'lock-image-digests': {
    type: 'boolean',
    help: 'Print a file that pins the images to what their registries have now',
  },
  models: { type: 'boolean', help: 'Print the models' },
  networks: { type: 'boolean', help: 'Print the networks' },
  'no-consistency': { type: 'boolean', help: 'Leave the consistency checks out' },
  'no-env-resolution': { type: 'boolean', help: 'Leave env files as they are' },
  'no-interpolate': { type: 'boolean', help: 'Leave variables as they are' },
  'no-normalize': { type: 'boolean', help: 'Leave the model as it is written' },
  'no-path-resolution': { type: 'boolean', help: 'Leave relative paths as they are' },
  output: { type: 'string', short: 'o', value: 'FILE', help: 'Write to a file' },
  profiles: { type: 'boolean', help: 'Print the profiles' },
  quiet: { type: 'boolean', short: 'q', help: 'Only check' },
  'resolve-image-digests': { type: 'boolean', help: 'Pin images to what their registries have now' },
  services: { type: 'boolean', help: 'Print the services' },
  variables: { type: 'boolean', help: 'Print the variables of the files' },
  volumes: { type: 'boolean', help: 'Print the volumes' },
} as const;

const lists = ['services', 'images', 'volumes', 'networks', 'models', 'profiles', 'variables', 'environment'] as const;

/** `tsstack config` */
export const config = defineVerb({ name: 'config', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { stdout, stderr, exitCode } = runConfig(await withPinnedImages(context, readArguments(context)));
  context.io.stderr.write(stderr);
  const path = context.flags.output;
  if (path === undefined) await writeOutput(context.io.stdout, stdout);
  else if (exitCode === 0) writeFile(resolve(context.io.cwd, path), stdout);
  return exitCode;
}

function writeFile(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    // A disk that is full does not say for which file.
    throw new UsageError(`write ${path}: ${systemReason(error as Error)}`);
  }
}

/** Only then is there need for a daemon, and for the code that talks to it. */
async function withPinnedImages(
  context: CommandContext<typeof flags>,
  given: ConfigArguments,
): Promise<ConfigArguments> {
  const imagesOnly = context.flags['lock-image-digests'];
  if (!imagesOnly && !context.flags['resolve-image-digests']) return given;
  // Standard input can be read once.
  const args = given.files?.includes('-') === true ? { ...given, stdin: nodeFileSystem.readStandardInput() } : given;
  const { pinImages } = await import('../project/pin-images.ts');
  return { ...args, imagesOnly, pinnedImages: await pinImages(context, args) };
}

function readArguments(context: CommandContext<typeof flags>): ConfigArguments {
  const { flags } = context;
  const asked = lists.filter((name) => flags[name]);
  if (asked.length > 1) throw new UsageError(`--${asked[0] ?? ''} and --${asked[1] ?? ''} exclude each other`);
  // `--variables` has a table of its own; everything else is YAML unless JSON is asked for.
  const format = readFormat(flags.format, ['yaml', 'json']) as 'yaml' | 'json';
  return {
    ...loadOptions(context),
    services: context.arguments,
    format: flags.format === undefined ? undefined : format,
    quiet: flags.quiet,
    list: asked[0],
    hash: flags.hash,
    explain: flags.explain,
    noInterpolate: flags['no-interpolate'],
    noNormalize: flags['no-normalize'],
    noPathResolution: flags['no-path-resolution'],
    noConsistency: flags['no-consistency'],
    noEnvResolution: flags['no-env-resolution'],
    color: hasColours(context.globals, context.io, context.io.stderr),
  };
}
