import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { connect } from '../../connection/connect.ts';
import { UsageError } from '../../errors.ts';
import { readPairs } from '../../objects/read-pairs.ts';
import { awaitRole } from '../../nodes/await-role.ts';
import { writeOutput } from '../../output/write-output.ts';

const flags = {
  'label-add': { type: 'strings', value: 'KEY=VALUE', help: 'Give it a label, for constraints and preferences' },
  'label-rm': { type: 'strings', value: 'KEY', help: 'Take a label from it' },
  availability: {
    type: 'string',
    value: 'HOW',
    choices: ['active', 'pause', 'drain'],
    help: 'active; pause: nothing new; drain: what it runs moves elsewhere',
  },
  role: {
    type: 'string',
    value: 'ROLE',
    choices: ['manager', 'worker'],
    help: 'manager: it leads, or can, and has the store; worker: it only runs containers',
  },
} as const;

/** `tsstack node update` */
export const update = defineVerb({ name: 'node update', usage: 'NODE', arity: [1, 1], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { 'label-add': added, 'label-rm': removeLabels, availability, role } = context.flags;
  if (added.length === 0 && removeLabels.length === 0 && availability === undefined && role === undefined) {
    throw new UsageError('nothing is to be changed', 'write --label-add, --label-rm, --availability or --role');
  }
  const addLabels = readPairs('label-add', added);
  const [node = ''] = context.arguments;
  const control = await connect(context, 'if-known');
  const { id } = await control.updateNode({
    node,
    addLabels,
    removeLabels,
    ...(availability === undefined ? {} : { availability }),
    ...(role === undefined ? {} : { role }),
  });
  if (role !== undefined) await awaitRole(context, control, id, role);
  await writeOutput(context.io.stdout, `${node}\n`);
  return 0;
}
