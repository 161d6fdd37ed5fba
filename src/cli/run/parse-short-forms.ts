import type { MountSpec, PortSpec } from '../../model/spec.ts';
import { loadStack, StackFileError, type LoadedStack } from '../../stack/index.ts';
import { lowerService } from '../../stack/lower/lower-service.ts';
import { impossibleValues } from '../../stack/support/impossible-values.ts';
import type { CommandIo } from '../command-line/io.ts';
import { UsageError } from '../errors.ts';

/** What the command line says as a file would. */
interface ShortForms {
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly cap_add: readonly string[];
  readonly cap_drop: readonly string[];
  readonly working_dir: string | undefined;
  readonly container_name: string | undefined;
}

/**
 * Ports and mounts that stand on the command line in the short forms of the file. They are read as a file that has nothing else, so that both
 * places always understand the same; what has only one form is but checked as there.
 */
export function parseShortForms(
  forms: ShortForms,
  io: Pick<CommandIo, 'cwd' | 'env'>,
): { readonly ports: readonly PortSpec[]; readonly mounts: readonly MountSpec[] } {
  if (Object.values(forms).every((form: string | readonly string[] | undefined) => (form ?? []).length === 0))
    return { ports: [], mounts: [] };
  const document = { services: { run: { image: 'none', ...forms } } };
  // YAML is a superset of JSON; `$` stands for itself here.
  const stdin = JSON.stringify(document).replaceAll('$', '$$$$');
  const { project } = readOwnWords(() =>
    loadStack({
      cwd: io.cwd,
      env: { HOME: io.env['HOME'], COMPOSE_DISABLE_ENV_FILE: 'true' },
      files: ['-'],
      projectName: 'run',
      stdin,
      noConsistency: true,
      alsoCheck: impossibleValues,
    }),
  );
  const service = project.services['run'];
  if (service === undefined) return { ports: [], mounts: [] };
  const nothing = (): never => {
    throw new TypeError('ports and mounts have no content to read');
  };
  const { ports, container } = lowerService('run', service, project, {
    workingDir: io.cwd,
    readFile: nothing,
    variable: nothing,
  });
  return { ports, mounts: container.mounts };
}

/** Nobody has seen that file: problems are told without their place in it. */
function readOwnWords(read: () => LoadedStack): LoadedStack {
  try {
    return read();
  } catch (error) {
    const problem = error instanceof StackFileError ? error.problems[0] : undefined;
    if (problem === undefined) throw error;
    // Messages quote what they are about, but not for which flag it was meant.
    const flag = problem.path === 'services.run.container_name' ? '--name: ' : '';
    throw new UsageError(`${flag}${problem.message}`, problem.hint ?? undefined);
  }
}
