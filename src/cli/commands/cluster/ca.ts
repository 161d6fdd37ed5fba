import { connectAuthority } from '../../../rpc/client.ts';
import { connect } from '../../connection/connect.ts';
import { daemonAddress } from '../../connection/daemon-address.ts';
import { defineVerb, type CommandContext, type VerbTable } from '../../command-line/verb.ts';

const flags = {} as const;

/** `tsstack cluster ca rotate` */
const rotate = defineVerb({ name: 'cluster ca rotate', usage: '', arity: [0, 0], flags, run });

/** `tsstack cluster ca …` */
export const caVerbs: VerbTable = {
  rotate: { summary: 'Make a new authority, of which every node then takes its certificate', load: async () => rotate },
};

async function run(context: CommandContext<typeof flags>): Promise<number> {
  (await connect(context, 'if-known')).close();
  const authority = await connectAuthority(daemonAddress(context.globals, context.io.env).host);
  const { nodes } = await authority.rotateAuthority({});
  context.io.stderr.write(
    `The cluster has a new authority, and new join tokens; ${nodes} nodes are taking new certificates (see \`tsstack cluster status\`)\n`,
  );
  return 0;
}
