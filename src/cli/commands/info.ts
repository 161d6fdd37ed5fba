import { join } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import { nodeEncryption, type NodeEncryption } from '../../model/node-encryption.ts';
import type { NodeDescription } from '../../model/objects.ts';
import type { GetInfoResponse } from '../../rpc/messages.ts';
import { connect } from '../connection/connect.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { readFormat } from '../output/format-flag.ts';
import { formatBinaryBytes } from '../../model/format-bytes.ts';
import { formatSpan } from '../output/units.ts';

const flags = {
  format: { type: 'string', value: 'FORMAT', help: 'pretty or json' },
  start: { type: 'boolean', help: 'Start the daemon if none runs' },
} as const;

/** `tsstack info` */
export const info = defineVerb({ name: 'info', usage: '', arity: [0, 0], flags, run });

/** What goes to other hosts on encrypted networks. */
const encryptions: Readonly<Record<NodeEncryption, string>> = {
  wireguard: 'WireGuard to hosts that have it, IPsec to others',
  ipsec: 'IPsec',
  none: 'the kernel cannot: no encrypted networks with other hosts',
};

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readFormat(context.flags.format, ['pretty', 'json']);
  const control = await connect(context, context.flags.start ? 'start' : 'if-known');
  const answer = await control.getInfo({});
  if (answer.node === '') {
    const hint = `its log is ${join(answer.dataRoot, 'daemon.log')}`;
    throw new TsstackError('unavailable', 'the daemon has not found out about this host yet', { hint });
  }
  const node = JSON.parse(answer.node) as NodeDescription;
  context.io.stdout.write(format === 'json' ? `${JSON.stringify({ ...answer, node })}\n` : pretty(answer, node));
  return 0;
}

function pretty(answer: GetInfoResponse, node: NodeDescription): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Version', answer.version],
    ['Cluster', answer.clusterId],
    ['Role', answer.role],
    ['Daemon', `process ${answer.pid}, up ${formatSpan(Date.now() - answer.startedAtMs)}`],
    ['Data root', answer.dataRoot],
    ['Run root', answer.runRoot],
    ['Host', `${node.hostname} (${node.os}, ${node.architecture}, Linux ${node.kernel})`],
    ['Resources', `${node.cpus} cores, ${formatBinaryBytes(node.memoryBytes)} memory`],
    ['Cgroups', node.cgroup],
    ['Kernel has', featuresOf(node, 'available')],
    ['Kernel lacks', featuresOf(node, 'missing')],
    ['Not known', featuresOf(node, 'unknown')],
    ['Encryption', encryptions[nodeEncryption(node)]],
    ['Limitations', node.limitations.length === 0 ? 'none' : ''],
  ];
  const shown = rows.filter(([name, value]) => name === 'Limitations' || value !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  const limitations = node.limitations.map((sentence) => `  - ${sentence}\n`);
  return (
    shown.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`.trimEnd() + '\n').join('') +
    limitations.join('')
  );
}

function featuresOf({ kernelFeatures }: NodeDescription, presence: 'available' | 'missing' | 'unknown'): string {
  const found = Object.entries(kernelFeatures).filter(([, value]) => value === presence);
  return found.map(([name]) => name).join(', ');
}
