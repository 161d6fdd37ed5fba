import type { StackObject } from '../../model/objects.ts';
import type { StackSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { serviceAsJson } from '../../stack/output/canonical.ts';
import type { CommandIo } from '../command-line/io.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { located } from '../project/locate-error.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { listObjects } from '../tasks/list-tasks.ts';
import { callProvider } from './call-provider.ts';
import { findModelRunner, withModels } from './models.ts';
import { namesForDependants, overriddenVariables, withProvider } from './with-variables.ts';

interface ProvideOptions {
  readonly io: Pick<CommandIo, 'env' | 'cwd'>;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** With `--no-deps`: only what is named is asked, and of the others is known what they told before. */
  readonly only?: readonly string[] | undefined;
}

/** The stack with what providers and models give to its containers. Providers come before every container, in the order of their dependencies. */
export async function provide(
  control: ControlClient,
  project: LoadedSpec,
  options: ProvideOptions,
): Promise<LoadedSpec> {
  if (!needsPlatform(project)) return project;
  return await located(project.loaded, provideAll(control, project, options));
}

/** The stack as `provide` would make it if providers told what they told the last time; nothing is done. */
export async function recall(
  control: ControlClient,
  project: LoadedSpec,
  io: ProvideOptions['io'],
): Promise<LoadedSpec> {
  if (!needsPlatform(project)) return project;
  const spec = recallProviders(
    project.spec,
    Object.keys(project.spec.providers),
    await findStack(control, project.spec),
  );
  return { ...project, spec: await located(project.loaded, addModels(spec, project, { io })) };
}

function needsPlatform({ spec, loaded }: LoadedSpec): boolean {
  return Object.keys(spec.providers).length > 0 || Object.keys(loaded.project.models ?? {}).length > 0;
}

async function provideAll(control: ControlClient, project: LoadedSpec, options: ProvideOptions): Promise<LoadedSpec> {
  const { only } = options;
  const names = Object.keys(project.spec.providers);
  const asked = names.filter((name) => only === undefined || only.includes(name));
  const others = names.filter((name) => !asked.includes(name));
  const known = others.length === 0 ? undefined : await findStack(control, project.spec);
  let spec = recallProviders(project.spec, others, known);
  for (const name of inOrder(asked, spec)) spec = await askProvider(name, spec, project, options);
  return { ...project, spec: await addModels(spec, project, options) };
}

function addModels(
  spec: StackSpec,
  { loaded }: LoadedSpec,
  { io, ...rest }: Pick<ProvideOptions, 'io' | 'signal'> & { readonly progress?: Progress },
): Promise<StackSpec> {
  const env = projectEnvironment(loaded);
  return withModels(spec, loaded.project, { ...rest, env, cwd: loaded.workingDir, path: findModelRunner(io.env) });
}

async function askProvider(
  name: string,
  spec: StackSpec,
  { loaded }: LoadedSpec,
  { progress, signal }: ProvideOptions,
): Promise<StackSpec> {
  const provider = spec.providers[name];
  const service = loaded.project.services[name];
  if (provider === undefined || service === undefined) return spec;
  const told = await callProvider({ stack: spec.name, name, spec: provider }, 'up', {
    env: projectEnvironment(loaded),
    cwd: loaded.workingDir,
    progress,
    signal,
    config: serviceAsJson(service),
  });
  for (const note of overriddenVariables(spec, name, told)) progress.line(`warning: ${note}`);
  return withProvider(spec, name, namesForDependants(name, told));
}

function projectEnvironment(loaded: LoadedSpec['loaded']): CommandIo['env'] {
  return Object.fromEntries(loaded.environmentEntries());
}

/** Those that others come after are first. */
export function inOrder(names: readonly string[], { providers }: Pick<StackSpec, 'providers'>): readonly string[] {
  const rank = (name: string): number => providers[name]?.after.length ?? 0;
  return names.toSorted((a, b) => rank(a) - rank(b));
}

function recallProviders(spec: StackSpec, names: readonly string[], stack: StackObject | undefined): StackSpec {
  return names.reduce((result, name) => {
    const variables = stack?.providers[name]?.variables ?? null;
    return variables === null ? result : withProvider(result, name, variables);
  }, spec);
}

async function findStack(control: ControlClient, { name }: StackSpec): Promise<StackObject | undefined> {
  return (await listObjects(control, name, ['stack'])).stacks.find((stack) => stack.name === name);
}
