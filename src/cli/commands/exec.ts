import { readEnvironment } from '../command-line/read-environment.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { openStack } from '../project/existing-stack.ts';
import { pickContainer } from '../project/pick-container.ts';
import { explainCut, withCommandExitCodes } from '../streams/command-exit-codes.ts';
import { openStream } from '../streams/open-stream.ts';
import { runSession, terminalSize } from '../streams/session.ts';
import { wantsTerminal } from '../streams/wants-terminal.ts';

const flags = {
  detach: { type: 'boolean', short: 'd', help: 'Leave the command running in the background' },
  env: { type: 'strings', short: 'e', value: 'KEY[=VALUE]', help: 'Set a variable' },
  index: { type: 'integer', value: 'N', help: 'Number of the container' },
  interactive: { type: 'boolean', short: 'i', default: true, hidden: true, help: 'Keep standard input open' },
  'no-tty': { type: 'boolean', short: 'T', help: 'No terminal for the command' },
  privileged: { type: 'boolean', help: 'Give the command every capability' },
  tty: { type: 'boolean', short: 't', default: true, hidden: true, help: 'A terminal for the command' },
  user: { type: 'string', short: 'u', value: 'USER', help: 'Run it as this user' },
  workdir: { type: 'string', short: 'w', value: 'DIR', help: 'Run it in this directory' },
} as const;

/** `tsstack exec` */
export const exec = defineVerb({
  name: 'exec',
  usage: 'SERVICE COMMAND [ARGUMENT...]',
  arity: [2, null],
  stopAtArgument: true,
  flags,
  run,
});

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const [service = '', ...command] = context.arguments;
  const { detach, env, index, interactive, privileged, user, workdir } = context.flags;
  const tty = wantsTerminal(context.io, {
    isOff: context.flags['no-tty'] || detach || !context.flags.tty,
    isAskedFor: context.given.has('tty') && context.flags.tty,
  });
  const { control, tasks, leaving } = await openStack(context, [service]);
  const task = pickContainer([...tasks, ...leaving], service, index);
  const environment = Object.entries(readEnvironment(env, (name) => context.io.env[name]));
  const stream = await openStream(
    control,
    'exec',
    {
      command,
      environment: environment.map(([name, value]) => `${name}=${value}`),
      user: user ?? null,
      workingDir: workdir ?? null,
      tty,
      stdin: interactive && !detach,
      detach,
      privileged,
      size: tty ? terminalSize(context.io) : null,
    },
    { taskId: task.id },
  );
  return withCommandExitCodes(context, () =>
    runSession(stream, context.io, { tty, stdin: interactive && !detach, detachKeys: null, onSignal: null }).catch(
      (error: unknown) => {
        throw explainCut(task.containerName, error);
      },
    ),
  );
}
