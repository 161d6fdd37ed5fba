import { shortId } from '../../../model/ids.ts';
import { connect } from '../../connection/connect.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { readRowFormat, rowFormatFlag } from '../../output/format-flag.ts';
import { listText, type List } from '../../output/list-text.ts';
import { writeOutput } from '../../output/write-output.ts';
import { isStackGiven, stackName } from '../../project/stack-name.ts';
import { serviceRow, type ServiceRow } from '../../services/service-row.ts';
import { listObjects } from '../../tasks/list-tasks.ts';

const flags = {
  format: rowFormatFlag,
  quiet: { type: 'boolean', short: 'q', help: 'Print only the ids' },
} as const;

/** `tsstack service ls` */
export const ls = defineVerb({ name: 'service ls', usage: '', arity: [0, 0], flags, run });

/** Of all stacks, unless -p or -f names one. */
async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const stack = isStackGiven(context) ? await stackName(context) : '';
  const view = await listObjects(await connect(context, 'if-known'), stack, ['service', 'task', 'node']);
  const rows = view
    .ofKind('service')
    .toSorted((a, b) => (`${a.stack} ${a.name}` < `${b.stack} ${b.name}` ? -1 : 1))
    .map((service) => serviceRow(service, view));
  await writeOutput(context.io.stdout, listText(listOf(rows), context.flags.quiet, format));
  return 0;
}

function listOf(rows: readonly ServiceRow[]): List {
  return {
    names: rows.map(({ ID }) => shortId(ID)),
    objects: rows,
    titles: ['ID', 'NAME', 'MODE', 'REPLICAS', 'IMAGE', 'PORTS', 'UPDATE'],
    cells: rows.map((row) => [shortId(row.ID), row.Name, row.Mode, row.Replicas, row.Image, row.Ports, row.Update]),
  };
}
