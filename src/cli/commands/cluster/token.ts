import { connectAuthority } from '../../../rpc/client.ts';
import { connect } from '../../connection/connect.ts';
import { daemonAddress } from '../../connection/daemon-address.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { joinCommand } from './join-command.ts';

const flags = {
  quiet: { type: 'boolean', short: 'q', help: 'Print only the token' },
} as const;

/** `tsstack cluster token` */
export const token = defineVerb({ name: 'cluster token', usage: '[rotate] worker|manager', arity: [1, 2], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const [role = '', ...before] = context.arguments.toReversed();
  if (before.some((word) => word !== 'rotate'))
    throw new UsageError(`unknown word "${before[0] ?? ''}"`, 'usage: tsstack cluster token [rotate] worker|manager');
  (await connect(context, 'if-known')).close();
  const authority = await connectAuthority(daemonAddress(context.globals, context.io.env).host);
  const answer = await (before.length > 0 ? authority.rotateJoinToken({ role }) : authority.getJoinToken({ role }));
  const [manager = 'MANAGER'] = answer.managers;
  context.io.stdout.write(`${context.flags.quiet ? answer.token : joinCommand(answer.token, manager)}\n`);
  return 0;
}
