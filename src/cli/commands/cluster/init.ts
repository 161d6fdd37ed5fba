import { parseDuration } from '../../../stack/units.ts';
import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { writeWarnings } from '../../output/write-warnings.ts';
import { joinCommand } from './join-command.ts';

const flags = {
  advertise: { type: 'string', value: 'ADDRESS', help: 'Where other hosts reach this one: ADDRESS or ADDRESS:PORT' },
  listen: { type: 'string', value: 'ADDRESS', help: 'Where to listen: ADDRESS:PORT; default: everywhere, port 2377' },
  'cert-expiry': { type: 'string', value: 'DURATION', help: 'Life of certificates of nodes; default 90d, at least 1h' },
} as const;

/** `tsstack cluster init` */
export const init = defineVerb({ name: 'cluster init', usage: '', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { advertise = '', listen = '', 'cert-expiry': life } = context.flags;
  const host = await connectDaemon(context, 'start');
  const certificateLifetimeMs = life === undefined ? 0 : readLife(life);
  const { nodeId, address, token, warnings } = await host.initCluster({ advertise, listen, certificateLifetimeMs });
  writeWarnings(context.io, warnings);
  context.io.stderr.write(
    `This host is now manager ${nodeId.slice(0, 12)} of a cluster. To add a worker, run there:\n`,
  );
  context.io.stdout.write(`${joinCommand(token, address)}\n`);
  return 0;
}

function readLife(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds === undefined || nanoseconds <= 0n)
    throw new UsageError(`invalid duration "${text}" for --cert-expiry`, 'write it as 90d or 12h');
  return Number(nanoseconds / 1_000_000n);
}
