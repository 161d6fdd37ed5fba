import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';

const flags = {
  force: { type: 'boolean', short: 'f', help: 'The other managers are lost for good' },
} as const;

/** etcd is started twice, and the lease of a lost leader runs out. */
const deadlineMs = 120_000;

/** `tsstack cluster recover` */
export const recover = defineVerb({ name: 'cluster recover', usage: '--force', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  if (!context.flags.force) {
    throw new UsageError(
      'tsstack cluster recover removes all other managers from the cluster, and what only they have stored is lost',
      'start them again, if they are not lost for good; else write --force',
    );
  }
  const host = await connectDaemon(context, 'start');
  const { removed } = await host.recoverStore({}, { deadlineMs });
  const rest = removed.length === 0 ? '' : `; removed from the cluster: ${removed.join(', ')}`;
  context.io.stderr.write(`This host is now the only manager${rest}\n`);
  return 0;
}
