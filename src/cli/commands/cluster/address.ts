import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';

const flags = {
  manager: { type: 'string', value: 'ADDRESS', help: 'On a worker: where a manager is now, ADDRESS or ADDRESS:PORT' },
} as const;

/** The agent of the host begins anew; one of several managers asks the others first, for a minute at most. */
const deadlineMs = 90_000;

/** `tsstack cluster address` */
export const address = defineVerb({ name: 'cluster address', usage: '[ADDRESS]', arity: [0, 1], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const [own = ''] = context.arguments;
  const { manager = '' } = context.flags;
  if (own === '' && manager === '')
    throw new UsageError(
      'tsstack cluster address needs an address',
      '`tsstack cluster status` shows those that are known',
    );
  const host = await connectDaemon(context, 'if-known');
  const known = await host.setAddress({ address: own, manager }, { deadlineMs });
  context.io.stderr.write(`This host is at ${known.address}, its managers at ${known.managers.join(', ')}\n`);
  return 0;
}
