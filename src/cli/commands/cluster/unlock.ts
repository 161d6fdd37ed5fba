import { connectDaemon } from '../../connection/connect-daemon.ts';
import { readLine } from '../../command-line/read-line.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';

const flags = {} as const;

/** `tsstack cluster unlock`: the key comes from standard input, as arguments are there for everybody on the host to see. */
export const unlock = defineVerb({ name: 'cluster unlock', usage: '', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const host = await connectDaemon(context, 'start');
  await host.unlock({ unlockKey: await readKey(context.io) });
  context.io.stderr.write('The store of this manager is open\n');
  return 0;
}

function readKey({ stdin, stderr }: CommandContext['io']): Promise<string> {
  if (stdin.isTTY === true) stderr.write('Unlock key: ');
  return readLine(stdin);
}
