import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { connect } from '../../connection/connect.ts';
import { writeOutput } from '../../output/write-output.ts';

const flags = {
  force: {
    type: 'boolean',
    short: 'f',
    help: 'Also one that is up, or has volumes: their content is lost to the cluster',
  },
} as const;

/** `tsstack node rm` */
export const rm = defineVerb({ name: 'node rm', usage: 'NODE...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const control = await connect(context, 'if-known');
  for (const node of context.arguments) {
    await control.removeNode({ node, force: context.flags.force });
    await writeOutput(context.io.stdout, `${node}\n`);
  }
  return 0;
}
