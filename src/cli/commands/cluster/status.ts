import type { ClusterStatus } from '../../../rpc/messages.ts';
import { connectDaemon } from '../../connection/connect-daemon.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { readFormat } from '../../output/format-flag.ts';

const flags = { format: { type: 'string', value: 'FORMAT', help: 'pretty or json' } } as const;

/** `tsstack cluster status` */
export const status = defineVerb({ name: 'cluster status', usage: '', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readFormat(context.flags.format, ['pretty', 'json']);
  const host = await connectDaemon(context, 'if-known');
  const answer = await host.getClusterStatus({});
  context.io.stdout.write(format === 'json' ? `${JSON.stringify(answer)}\n` : pretty(answer));
  return 0;
}

function pretty(answer: ClusterStatus): string {
  if (answer.role === 'lone')
    return `This host is in no cluster\n${answer.problem === '' ? '' : `Problem: ${answer.problem}\n`}`;
  const expiresMs = answer.certificateExpiresMs;
  const isGood = expiresMs > Date.now();
  const rows: readonly (readonly [string, string])[] = [
    ['Role', answer.role],
    ['Cluster', answer.clusterId],
    ['Node', answer.nodeId],
    ['Address', answer.address],
    ['Managers', answer.managers.join(', ')],
    ...(answer.store === '' ? [] : [['Store', answer.store] as const]),
    ...(answer.leader === '' ? [] : [['Leader', answer.leader] as const]),
    ...(answer.storeMembers.length === 0 ? [] : [['Members', describeMembers(answer)] as const]),
    ['Certificate', `${isGood ? 'good until' : 'expired'} ${new Date(expiresMs).toISOString().slice(0, 16)}Z`],
    ['Problem', answer.problem === '' ? 'none' : answer.problem],
    ...(answer.outdatedNodes.length === 0 ? [] : [['Old certificates', answer.outdatedNodes.join(', ')] as const]),
  ];
  return rows.map(([name, value]) => `${`${name}:`.padEnd(18)}${value}\n`).join('');
}

function describeMembers({ storeMembers }: ClusterStatus): string {
  return storeMembers.map(({ address, state }) => `${address} ${state}`).join(', ');
}
