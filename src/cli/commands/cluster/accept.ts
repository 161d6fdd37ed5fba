import { connect } from '../../connection/connect.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';

const flags = {
  force: { type: 'boolean', short: 'f', help: 'Remove what the store does not know of' },
} as const;

/** `tsstack cluster accept` */
export const accept = defineVerb({ name: 'cluster accept', usage: '--force', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  if (!context.flags.force) {
    throw new UsageError(
      'tsstack cluster accept ends and removes containers that only a newer state of the store knew of',
      'put that state back, if there is a copy; else write --force',
    );
  }
  const control = await connect(context, 'if-known');
  const { hostnames } = await control.acceptStore({});
  const rest = hostnames.length === 0 ? 'No node has seen a newer one' : `Accepted on ${hostnames.join(', ')}`;
  context.io.stderr.write(`${rest}\n`);
  return 0;
}
