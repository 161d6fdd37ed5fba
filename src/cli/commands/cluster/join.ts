import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { readLine } from '../../command-line/read-line.ts';
import { writeWarnings } from '../../output/write-warnings.ts';

const flags = {
  token: {
    type: 'string',
    value: 'TOKEN',
    help: 'From `tsstack cluster token worker` on a manager; - reads it from standard input',
  },
  advertise: {
    type: 'string',
    value: 'ADDRESS',
    help: 'Where other nodes reach this host; default: as the manager does',
  },
  listen: {
    type: 'string',
    value: 'ADDRESS',
    help: 'Where a manager listens: ADDRESS:PORT; default: everywhere, port 2377',
  },
} as const;

/** Joining takes a few round trips; for a second manager the store moves before, and a new one waits for the others to take its etcd in. */
const deadlineMs = 150_000;

/** `tsstack cluster join` */
export const join = defineVerb({ name: 'cluster join', usage: '--token TOKEN MANAGER', arity: [1, 1], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { token, advertise = '', listen = '' } = context.flags;
  const [manager = ''] = context.arguments;
  if (token === undefined)
    throw new UsageError('tsstack cluster join needs --token', '`tsstack cluster token worker` on a manager prints it');
  const host = await connectDaemon(context, 'start');
  const wanted = token === '-' ? await readLine(context.io.stdin) : token;
  const { nodeId, role, warnings } = await host.joinCluster(
    { token: wanted, manager, advertise, listen },
    { deadlineMs },
  );
  writeWarnings(context.io, warnings);
  context.io.stderr.write(`This host is now ${role} ${nodeId.slice(0, 12)} of the cluster\n`);
  return 0;
}
