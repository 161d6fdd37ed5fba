import type { Writable } from 'node:stream';
import * as z from 'zod';
import type { CommandIo } from '../command-line/io.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { PlatformError } from './errors.ts';
import { findProvider } from './find-program.ts';
import {
  providerArguments,
  providerMetadata,
  type NamedProvider,
  type ProviderCommand,
  type ProviderMetadata,
} from './provider-arguments.ts';
import { runProgram } from './run-program.ts';

/** Where a provider's program runs, and who listens. */
export interface ProviderSurroundings {
  /** Of the project: that of the command, and the variables of its env files. */
  readonly env: CommandIo['env'];
  readonly cwd: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  /** The service as `config --format json` has it, on one line, for programs that ask. */
  readonly config: string | null;
}

/** What a program tells dependants: `own` names get the service's in front, `exact` ones are as they are. */
export interface ProviderVariables {
  readonly own: Readonly<Record<string, string>>;
  readonly exact: Readonly<Record<string, string>>;
}

const words = {
  up: ['Creating', 'Created', 'create'],
  stop: ['Stopping', 'Stopped', 'stop'],
  down: ['Removing', 'Removed', 'remove'],
} as const satisfies Record<ProviderCommand, readonly string[]>;

/** Programs only describe themselves then. */
const metadataMs = 10_000;

/** Has a provider's program do something, by the protocol of docker compose's provider services, and shows what it says of it. */
export async function callProvider(
  provider: NamedProvider,
  command: ProviderCommand,
  surroundings: ProviderSurroundings,
): Promise<ProviderVariables> {
  const { progress, env, cwd, signal } = surroundings;
  const path = requireProgram(provider, env);
  const metadata = await readMetadata(path, surroundings);
  const args = providerArguments(provider, command, metadata);
  const call = new Conversation(provider, surroundings);
  if (args === null) return call;
  const id = `Provider ${provider.name}`;
  const [doing, done, verb] = words[command];
  progress.event({ id, state: 'working', text: doing });
  try {
    const end = await runProgram({ path, args, env, cwd, signal }, (line, answer) => call.take(line, answer));
    if (!end.isGood) throw call.error(`cannot ${verb} it: ${end.text}`);
  } catch (error) {
    progress.event({ id, state: 'error', text: 'Error' });
    throw signal?.aborted === true || error instanceof PlatformError ? error : call.error(String(error), error);
  }
  progress.event({ id, state: 'done', text: done });
  return call;
}

function requireProgram({ name, spec }: NamedProvider, env: CommandIo['env']): string {
  const path = spec.type === 'compose' ? null : findProvider(spec.type, env);
  if (path !== null) return path;
  throw new PlatformError(
    ['services', name, 'provider', 'type'],
    `there is no provider "${spec.type}": neither a program of that name in PATH nor a Docker plugin docker-${spec.type}`,
    'install the program, or start what it provides by other means and give its address in environment',
  );
}

/** Null for programs that do not describe themselves. */
async function readMetadata(
  path: string,
  { env, cwd, signal }: ProviderSurroundings,
): Promise<ProviderMetadata | null> {
  const lines: string[] = [];
  const late = AbortSignal.timeout(metadataMs);
  const either = signal === undefined ? late : AbortSignal.any([signal, late]);
  try {
    const args = ['compose', 'metadata'];
    const end = await runProgram({ path, args, env, cwd, signal: either }, (line) => lines.push(line));
    return end.isGood ? (providerMetadata.safeParse(JSON.parse(lines.join('\n'))).data ?? null) : null;
  } catch (error) {
    signal?.throwIfAborted();
    if (late.aborted || error instanceof SyntaxError) return null;
    throw error;
  }
}

const message = z.object({ type: z.string(), message: z.string().default('') });

/** One run of a program, line by line. */
class Conversation implements ProviderVariables {
  readonly own: Record<string, string> = {};
  readonly exact: Record<string, string> = {};
  readonly #provider: NamedProvider;
  readonly #surroundings: ProviderSurroundings;

  constructor(provider: NamedProvider, surroundings: ProviderSurroundings) {
    this.#provider = provider;
    this.#surroundings = surroundings;
  }

  take(line: string, answer: Writable): void {
    const { type, message: said } = this.#parse(line);
    switch (type) {
      case 'info':
        return this.#show(said);
      case 'error':
        throw this.error(said);
      case 'setenv':
        return this.#set(this.own, said);
      case 'rawsetenv':
        return this.#set(this.exact, said);
      case 'debug':
        return;
      case 'get-service-config':
        // Without a file there is none: the end of its input tells the program so.
        if (this.#surroundings.config === null) answer.end();
        else answer.write(`${this.#surroundings.config}\n`);
        return;
      default:
        throw this.error(`it said something that is no message of a provider: ${line}`);
    }
  }

  error(text: string, cause?: unknown): PlatformError {
    const { name, spec } = this.#provider;
    return new PlatformError(['services', name, 'provider'], `provider ${spec.type}: ${text}`, undefined, cause);
  }

  #parse(line: string): z.infer<typeof message> {
    try {
      return message.parse(JSON.parse(line));
    } catch (cause) {
      throw this.error(`it said something that is no message of a provider: ${line}`, cause);
    }
  }

  #show(said: string): void {
    const [text = ''] = said.split('\n', 1);
    this.#surroundings.progress.event({ id: `Provider ${this.#provider.name}`, state: 'working', text });
  }

  #set(variables: Record<string, string>, said: string): void {
    const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(said) ?? [];
    if (name === undefined) throw this.error(`"${said}" is not NAME=VALUE`);
    variables[name] = value;
  }
}
