import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';

const flags = {} as const;

/** `tsstack cluster autolock` */
export const autolock = defineVerb({ name: 'cluster autolock', usage: 'on|off|rotate', arity: [1, 1], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const [word = ''] = context.arguments;
  if (!['on', 'off', 'rotate'].includes(word)) throw new UsageError(`"${word}" is none of on, off and rotate`);
  const host = await connectDaemon(context, 'start');
  const { unlockKey } = await host.setAutolock({ enabled: word !== 'off' });
  if (word === 'off') {
    context.io.stderr.write('The store of this manager opens by itself again\n');
    return 0;
  }
  context.io.stderr.write(
    'After each start this manager waits for `tsstack cluster unlock` with this key. Keep it elsewhere; nobody can tell it again:\n',
  );
  context.io.stdout.write(`${unlockKey}\n`);
  return 0;
}
