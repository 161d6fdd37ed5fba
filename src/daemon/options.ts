import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { TsstackError } from '../model/errors.ts';
import { socketPath } from '../model/socket-path.ts';
import { isLogLevel } from './daemon-log.ts';
import type { LogLevel } from './daemon-log.ts';
import { parseNodeFacts, type NodeFacts } from './node-facts.ts';

export interface DaemonOptions {
  readonly dataRoot: string;
  readonly runRoot: string;
  /** `unix:///path` */
  readonly host: string;
  readonly logLevel: LogLevel;
  /** OCI runtime of services that name none, by name or absolute path. */
  readonly runtime: string;
  /** Directories with descriptions of devices (CDI), the last one first to be believed. */
  readonly cdiDirectories: readonly string[];
  readonly facts: NodeFacts;
}

const defaultDataRoot = '/var/lib/tsstack';
/** Where the Container Device Interface has its specs. */
const defaultCdiDirectories = '/etc/cdi:/run/cdi';
const defaultRunRoot = '/run/tsstack';
/** The one that is built into the shim. */
const defaultRuntime = 'box';

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the options of `tsstack daemon`; what is not given comes from the variables that README lists. */
export function parseDaemonOptions(argv: readonly string[], env: Env): DaemonOptions {
  const values = parse(argv);
  const runRoot = values['run-root'] ?? (env['TSSTACK_RUN_ROOT'] || defaultRunRoot);
  const host = values.host ?? (env['TSSTACK_HOST'] || join(runRoot, 'tsstack.sock'));
  const logLevel = values['log-level'] ?? 'info';
  if (!isLogLevel(logLevel))
    throw new TsstackError('invalid', `--log-level: ${logLevel} is none of error, info, debug`);
  return {
    dataRoot: values['data-root'] ?? (env['TSSTACK_DATA_ROOT'] || defaultDataRoot),
    runRoot,
    host: `unix://${socketPath(host)}`,
    logLevel,
    cdiDirectories: (values['cdi-directories'] ?? (env['TSSTACK_CDI_DIRECTORIES'] || defaultCdiDirectories)).split(':'),
    runtime: values.runtime ?? (env['TSSTACK_RUNTIME'] || defaultRuntime),
    facts: parseNodeFacts({
      genericResources: values['generic-resource'] ?? listOf(env['TSSTACK_GENERIC_RESOURCES']),
      engineLabels: values['engine-label'] ?? listOf(env['TSSTACK_ENGINE_LABELS']),
      reserveCpus: values['reserve-cpus'] ?? env['TSSTACK_RESERVE_CPUS'] ?? '',
      reserveMemory: values['reserve-memory'] ?? env['TSSTACK_RESERVE_MEMORY'] ?? '',
    }),
  };
}

/** Several values in one variable have semicolons between them. */
function listOf(text: string | undefined): readonly string[] {
  return (text ?? '').split(';').filter((part) => part !== '');
}

const options = {
  'data-root': { type: 'string' },
  'run-root': { type: 'string' },
  host: { type: 'string' },
  'log-level': { type: 'string' },
  runtime: { type: 'string' },
  'cdi-directories': { type: 'string' },
  'generic-resource': { type: 'string', multiple: true },
  'engine-label': { type: 'string', multiple: true },
  'reserve-cpus': { type: 'string' },
  'reserve-memory': { type: 'string' },
} as const;

function parse(argv: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (cause) {
    throw new TsstackError('invalid', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
