import { TsstackError } from '../../model/errors.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { publishedPorts } from '../output/container-row.ts';
import { openStack } from '../project/existing-stack.ts';
import { pickContainer } from '../project/pick-container.ts';

const flags = {
  index: { type: 'integer', value: 'N', help: 'Number of the container' },
  protocol: {
    type: 'string',
    value: 'PROTOCOL',
    choices: ['tcp', 'udp', 'sctp'],
    help: 'tcp, udp or sctp, default tcp',
  },
} as const;

/** `tsstack port` */
export const port = defineVerb({ name: 'port', usage: 'SERVICE PRIVATE_PORT', arity: [2, 2], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const [service = '', text = ''] = context.arguments;
  if (!/^\d+$/.test(text)) throw new UsageError(`invalid port "${text}"`, 'it is a number');
  const { tasks } = await openStack(context, [service]);
  const task = pickContainer(tasks, service, context.flags.index);
  const protocol = context.flags.protocol ?? 'tcp';
  const ports = publishedPorts(task);
  const found = ports.find((one) => one.target === Number(text) && one.protocol === protocol);
  if (found === undefined) {
    const others = ports.map((one) => `${one.target}/${one.protocol}`).join(', ');
    throw new TsstackError('not-found', `no port ${text}/${protocol} for container ${task.containerName}`, {
      hint: others === '' ? 'it publishes no port' : `it publishes ${others}`,
    });
  }
  const host = found.hostIp.includes(':') ? `[${found.hostIp}]` : found.hostIp;
  context.io.stdout.write(`${host}:${found.published}\n`);
  return 0;
}
