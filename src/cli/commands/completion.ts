import type { RawValue } from '../command-line/flag.ts';
import { globalFlags } from '../command-line/global-flags.ts';
import type { CommandIo } from '../command-line/io.ts';
import { valuesOf } from '../command-line/parse-flags.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { completeWords } from '../completion/complete-words.ts';
import { shellScripts } from '../completion/shell-scripts.ts';
import { UsageError } from '../errors.ts';
import { servicesOfFile } from '../project/known-services.ts';
import { verbs } from '../verbs.ts';

/** `tsstack completion` */
export const completion = defineVerb({
  name: 'completion',
  usage: 'bash|zsh|fish',
  arity: [1, null],
  stopAtArgument: true,
  flags: {},
  run,
});

async function run({ io, arguments: [shell = '', ...words] }: CommandContext): Promise<number> {
  if (shell === 'words') {
    // `--` keeps what is typed from being read as flags of this command.
    const typed = words[0] === '--' ? words.slice(1) : words;
    const candidates = await completeWords(typed, { verbs, services: (given) => servicesOf(given, io) });
    io.stdout.write(candidates.map((candidate) => `${candidate}\n`).join(''));
    return 0;
  }
  const script = Object.hasOwn(shellScripts, shell) ? shellScripts[shell] : undefined;
  if (script === undefined) {
    throw new UsageError(`no completion for "${shell}"`, `there is ${Object.keys(shellScripts).join(', ')}`);
  }
  io.stdout.write(script);
  return 0;
}

/** All services of the files that the words so far name, profiles or not. A file that cannot be read has none: the command itself will say why. */
async function servicesOf(given: ReadonlyMap<string, RawValue>, io: CommandIo): Promise<readonly string[]> {
  try {
    return await servicesOfFile({ globals: valuesOf(globalFlags, given), io });
  } catch {
    return [];
  }
}
