import type { LoadOptions } from '../../stack/load-types.ts';
import type { CommandContext } from '../command-line/verb.ts';

/** What the global flags say about the stack file. */
export function loadOptions({ globals, io }: Pick<CommandContext, 'globals' | 'io'>): LoadOptions {
  return {
    cwd: io.cwd,
    env: io.env,
    files: globals.file,
    projectName: globals['project-name'],
    profiles: globals.profile.length > 0 ? globals.profile : undefined,
    envFiles: globals['env-file'],
    projectDirectory: globals['project-directory'],
    allResources: globals['all-resources'],
  };
}
