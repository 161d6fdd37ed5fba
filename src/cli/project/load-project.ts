import { readFileSync } from 'node:fs';
import {
  loadStack,
  problemsAsJson,
  renderProblems,
  unsupportedAttributes,
  type LoadedStack,
  type Problem,
} from '../../stack/index.ts';
import { lowerProject } from '../../stack/lower/lower-project.ts';
import type { StackSpec } from '../../model/spec.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { hasColours } from '../output/colour.ts';
import { locate } from './locate-error.ts';
import { loadOptions } from './load-options.ts';

/** A stack file in the form that managers take. */
export interface LoadedSpec {
  readonly spec: StackSpec;
  readonly loaded: LoadedStack;
}

/** A command that reads the stack file. */
type LoadingContext = Pick<CommandContext, 'globals' | 'io'> & { readonly flags?: Readonly<Record<string, unknown>> };

/**
 * Loads the stack file, shows its warnings, refuses what tsstack cannot honour yet, and reads secrets and configs.
 * `services` are those of the command line; naming one turns on its profile. Empty = all.
 */
export function loadProject(context: LoadingContext, services: readonly string[]): LoadedSpec {
  const loaded = loadStack({
    ...loadOptions(context),
    services: services.length > 0 ? services : undefined,
    alsoCheck: unsupportedAttributes,
  });
  context.io.stderr.write(warningsText(context, loaded.warnings));
  return { spec: lower(loaded), loaded };
}

function warningsText({ globals, io, flags }: LoadingContext, warnings: readonly Problem[]): string {
  const isForPrograms = globals.progress === 'json' || flags?.['format'] === 'json';
  return isForPrograms
    ? problemsAsJson(warnings)
    : renderProblems(warnings, { color: hasColours(globals, io, io.stderr) });
}

function lower(loaded: LoadedStack): StackSpec {
  try {
    return lowerProject(loaded.project, {
      workingDir: loaded.workingDir,
      files: loaded.files,
      disabledServices: loaded.disabledServices,
      readFile: (path) => readFileSync(path),
      variable: (kind, key) => loaded.payloadOf(`${kind}s`, key),
    });
  } catch (error) {
    throw locate(loaded, error);
  }
}
