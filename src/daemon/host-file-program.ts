import { FileProgram, hostRoot } from '../../agents/host/native/file-program.ts';
import { findNativePrograms } from '../../agents/host/native-programs.ts';

type Without<Method> = Method extends (root: never, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;

/** Files of this host as an end of a copy: what the agent does for containers, with the rights of whoever runs the command. */
export function hostFileProgram(): { readonly [Name in 'look' | 'pack' | 'insert']: Without<FileProgram[Name]> } {
  const program = new FileProgram(findNativePrograms().layer);
  return {
    look: (path, follow, signal) => program.look(hostRoot, path, follow, signal),
    pack: (options, signal) => program.pack(hostRoot, options, signal),
    insert: (options, signal) => program.insert(hostRoot, options, signal),
  };
}
