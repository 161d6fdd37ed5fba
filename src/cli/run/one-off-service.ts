import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ContainerSpec, ServiceSpec } from '../../model/spec.ts';
import { splitShellWords } from '../../stack/forms/shell-words.ts';
import { parseDotenv } from '../../stack/dotenv/parse-dotenv.ts';
import { readEnvironment } from '../command-line/read-environment.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { systemReason } from '../../model/system-error.ts';
import { UsageError } from '../errors.ts';
import { parseShortForms } from './parse-short-forms.ts';
import type { runFlags } from './run-flags.ts';

export interface OneOffOptions {
  /** Replaces the service's; empty keeps it. */
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Variables as interpolation sees them. */
  readonly lookup: (name: string) => string | undefined;
}

type RunContext = Pick<CommandContext<typeof runFlags>, 'flags' | 'io'>;

/** The service as `run` starts it: one container without restarts, and without published ports unless asked for. */
export function oneOffService(service: ServiceSpec, context: RunContext, options: OneOffOptions): ServiceSpec {
  const { flags, io } = context;
  const { ports, mounts } = parseShortForms(
    {
      ports: flags.publish,
      volumes: flags.volume,
      cap_add: flags['cap-add'],
      cap_drop: flags['cap-drop'],
      working_dir: flags.workdir,
      container_name: flags.name,
    },
    io,
  );
  return {
    ...service,
    replicas: 1,
    containerName: null,
    restart: { policy: 'no', maxRetries: 0, supervision: null },
    // Hooks are those of the service's own containers.
    hooks: { preStart: [], postStart: [], preStop: [] },
    ports: flags['service-ports'] ? service.ports : ports,
    container: {
      ...service.container,
      ...programOf(service.container, context, options),
      tty: options.tty,
      stdinOpen: options.stdin,
      user: flags.user ?? service.container.user,
      workingDir: flags.workdir ?? service.container.workingDir,
      environment: { ...service.container.environment, ...environmentOf(context, options) },
      labels: { ...service.container.labels, ...readLabels(flags.label) },
      capAdd: [...service.container.capAdd, ...flags['cap-add']],
      capDrop: [...service.container.capDrop, ...flags['cap-drop']],
      mounts: [
        ...service.container.mounts.filter(({ target }) => mounts.every((mount) => mount.target !== target)),
        ...mounts,
      ],
    },
  };
}

/** An entrypoint of the command line also clears the service's command. */
function programOf(
  container: ContainerSpec,
  { flags }: RunContext,
  { command }: OneOffOptions,
): Pick<ContainerSpec, 'entrypoint' | 'command'> {
  const entrypoint = flags.entrypoint === undefined ? container.entrypoint : splitEntrypoint(flags.entrypoint);
  if (command.length > 0) return { entrypoint, command };
  return { entrypoint, command: flags.entrypoint === undefined ? container.command : [] };
}

function splitEntrypoint(text: string): readonly string[] {
  const words = splitShellWords(text);
  if (words === undefined) throw new UsageError(`--entrypoint: a quote is not closed in ${text}`);
  return words;
}

function environmentOf({ flags, io }: RunContext, { lookup }: OneOffOptions): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  for (const name of flags['env-from-file']) {
    const path = resolve(io.cwd, name);
    parseDotenv(path, readText(path), lookup, values);
  }
  return { ...Object.fromEntries(values), ...readEnvironment(flags.env, lookup) };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--env-from-file ${path}: ${systemReason(error as Error)}`);
  }
}

function readLabels(entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      if (equals === 0 || entry === '')
        throw new UsageError(`invalid value "${entry}" for --label`, 'it takes KEY=VALUE, or KEY');
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
