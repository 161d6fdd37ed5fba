import { connectAuthority } from '../../../rpc/client.ts';
import { connect } from '../../connection/connect.ts';
import { daemonAddress } from '../../connection/daemon-address.ts';
import { defineVerb, type CommandContext, type VerbTable } from '../../command-line/verb.ts';

const flags = {} as const;

/** `tsstack cluster key rotate` */
const rotate = defineVerb({ name: 'cluster key rotate', usage: '', arity: [0, 0], flags, run });

/** `tsstack cluster key …` */
export const keyVerbs: VerbTable = {
  rotate: {
    summary: 'Have encrypted networks go on with new keys now; connections do not notice',
    load: async () => rotate,
  },
};

async function run(context: CommandContext<typeof flags>): Promise<number> {
  (await connect(context, 'if-known')).close();
  const authority = await connectAuthority(daemonAddress(context.globals, context.io.env).host);
  const { generation } = await authority.rotateTunnelKeys({});
  context.io.stderr.write(`Encrypted networks go on with their next keys (number ${generation}). `);
  context.io.stderr.write('These are of IPsec: WireGuard takes new ones every two minutes by itself\n');
  return 0;
}
