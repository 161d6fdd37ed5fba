import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { connect } from '../../connection/connect.ts';
import { nodeEncryption, type NodeEncryption } from '../../../model/node-encryption.ts';
import type { NodeObject } from '../../../model/objects.ts';
import { findNodeAmong } from '../../../model/find-node.ts';
import { writeOutput } from '../../output/write-output.ts';
import { listObjects } from '../../tasks/list-tasks.ts';

/** `tsstack node inspect` */
export const inspect = defineVerb({ name: 'node inspect', usage: 'NODE...', arity: [1, null], flags: {}, run });

async function run(context: CommandContext): Promise<number> {
  const view = await listObjects(await connect(context, 'if-known'), '', ['node']);
  const all = view.ofKind('node');
  const nodes = context.arguments.map((name) => findNodeAmong(all, name));
  await writeOutput(context.io.stdout, `${JSON.stringify(nodes.map(described), null, 2)}\n`);
  return 0;
}

/** The node, and what follows from what it says. */
function described(node: NodeObject): NodeObject & { readonly encryption: NodeEncryption } {
  return { ...node, encryption: nodeEncryption(node.description, node.tunnelPort > 0) };
}
