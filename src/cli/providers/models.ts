import * as z from 'zod';
import type { StackSpec } from '../../model/spec.ts';
import type { ComposeModel, ComposeProject } from '../../stack/compose-types.ts';
import type { CommandIo } from '../command-line/io.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { PlatformError } from './errors.ts';
import { findInPath, findPlugin } from './find-program.ts';
import { runProgram } from './run-program.ts';
import { withVariables } from './with-variables.ts';

interface ModelOptions {
  /** Of the program; null = there is none. */
  readonly path: string | null;
  readonly env: CommandIo['env'];
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** Models are got and configured; absent = only what containers would be told is found out. */
  readonly progress?: Progress;
}

/** The program that serves models: Docker Model Runner's, or another one of that name with `status`, `ls`, `pull` and `configure`. */
export function findModelRunner(env: CommandIo['env']): string | null {
  return findPlugin('model', env) ?? findInPath('docker-model', env);
}

/** The stack whose containers know where their models are; the runner has them afterwards. */
export async function withModels(spec: StackSpec, project: ComposeProject, options: ModelOptions): Promise<StackSpec> {
  const models = Object.entries(project.models ?? {});
  const [first] = models;
  if (first === undefined) return spec;
  const runner = new ModelRunner(first[0], options);
  const endpoint = await runner.endpoint();
  if (options.progress !== undefined) {
    const present = await runner.tags();
    for (const [key, model] of models) await prepareModel(runner, key, model, present, options.progress);
  }
  return Object.entries(project.services).reduce(
    (stack, [name, service]) => withVariables(stack, name, variablesOf(service.models ?? {}, project, endpoint)),
    spec,
  );
}

async function prepareModel(
  runner: ModelRunner,
  key: string,
  { model, context_size: size = 0, runtime_flags: flags = [] }: ComposeModel,
  present: ReadonlySet<string>,
  progress: Progress,
): Promise<void> {
  const id = `Model ${key}`;
  if (!present.has(model)) {
    progress.event({ id, state: 'working', text: 'Pulling' });
    await runner.run(key, ['pull', model]);
  }
  progress.event({ id, state: 'working', text: 'Configuring' });
  const context = size > 0 ? ['--context-size', String(size)] : [];
  await runner.run(key, ['configure', ...context, model, ...(flags.length === 0 ? [] : ['--', ...flags])]);
  progress.event({ id, state: 'done', text: 'Configured' });
}

/** The name of the model is in two variables unless the file names one: the specification and its reference differ. */
function variablesOf(
  models: NonNullable<ComposeProject['services'][string]['models']>,
  project: ComposeProject,
  endpoint: string,
): Record<string, string> {
  const pairs = Object.entries(models).flatMap(([key, names]) => {
    const prefix = key.toUpperCase().replaceAll('-', '_');
    const model = project.models?.[key]?.model ?? '';
    const modelNames = names?.model_var === undefined ? [prefix, `${prefix}_MODEL`] : [names.model_var];
    return [...modelNames.map((name) => [name, model]), [names?.endpoint_var ?? `${prefix}_URL`, endpoint]];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

const status = z.object({ endpoint: z.string() });
const list = z.array(z.object({ tags: z.array(z.string()).default([]) }));

/** The runner's command line. */
class ModelRunner {
  /** A model that it is asked for, which is where the file says so. */
  readonly #key: string;
  readonly #options: ModelOptions;

  constructor(key: string, options: ModelOptions) {
    this.#key = key;
    this.#options = options;
  }

  /** Where containers reach it. */
  async endpoint(): Promise<string> {
    return this.#parse(await this.run(this.#key, ['status', '--json']), status).endpoint;
  }

  /** Names of the models that it has. */
  async tags(): Promise<ReadonlySet<string>> {
    const models = this.#parse(await this.run(this.#key, ['ls', '--json']), list);
    return new Set(models.flatMap(({ tags }) => tags));
  }

  /** Its output. */
  async run(key: string, args: readonly string[]): Promise<string> {
    const { path, env, cwd, signal } = this.#options;
    if (path === null) throw noRunner(key);
    const lines: string[] = [];
    const end = await runProgram({ path, args, env, cwd, signal }, (line) => lines.push(line));
    if (!end.isGood) throw new PlatformError(['models', key], `docker-model ${args.join(' ')}: ${end.text}`);
    return lines.join('\n');
  }

  #parse<T>(text: string, schema: z.ZodType<T>): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new PlatformError(['models', this.#key], 'docker-model does not say what it should', undefined, cause);
    }
  }
}

function noRunner(key: string): PlatformError {
  return new PlatformError(
    ['models', key],
    'models are served by a model runner, and this host has none: there is no Docker plugin docker-model',
    'install Docker Model Runner, or run the model as a service of its own and give its address in environment',
  );
}
