import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { writeWarnings } from '../../output/write-warnings.ts';

const flags = {
  force: { type: 'boolean', short: 'f', help: 'Also when something of the cluster would be left behind' },
} as const;

/** Containers that are still here get the time that they take to stop. */
const deadlineMs = 120_000;

/** `tsstack cluster leave` */
export const leave = defineVerb({ name: 'cluster leave', usage: '', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const host = await connectDaemon(context, 'start');
  const { warnings } = await host.leaveCluster({ force: context.flags.force }, { deadlineMs });
  writeWarnings(context.io, warnings);
  context.io.stderr.write('This host has left the cluster\n');
  return 0;
}
