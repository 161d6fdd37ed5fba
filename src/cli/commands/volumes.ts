import type { VolumeObject } from '../../model/objects.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { readRowFormat, rowFormatFlag, type RowFormat } from '../output/format-flag.ts';
import { nodeName, type Nodes } from '../output/placed-container.ts';
import { formatColumns } from '../output/table.ts';
import { writeOutput } from '../output/write-output.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { listNodes, listObjects } from '../tasks/list-tasks.ts';

const flags = {
  format: rowFormatFlag,
  quiet: { type: 'boolean', short: 'q', help: 'Print only the names' },
} as const;

/** `tsstack volumes` */
export const volumes = defineVerb({ name: 'volumes', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const services = context.arguments;
  const { name, control, tasks } = await openStack(context, services);
  const [{ volumes: all }, nodes] = await Promise.all([listObjects(control, name, ['volume']), listNodes(control)]);
  const mounted = new Set(
    selectTasks(tasks, services, { oneOffs: true }).flatMap(({ spec }) =>
      spec.container.mounts.flatMap((mount) =>
        mount.type === 'volume' && mount.volume !== null ? [mount.volume] : [],
      ),
    ),
  );
  const chosen = all.filter((volume) => services.length === 0 || mounted.has(volume.key));
  const byName = chosen.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  await writeOutput(context.io.stdout, render(byName, nodes, context.flags.quiet, format));
  return 0;
}

function render(volumes: readonly VolumeObject[], nodes: Nodes, quiet: boolean, format: RowFormat): string {
  if (quiet) return volumes.map(({ name }) => `${name}\n`).join('');
  // On a lone host all are at one place.
  const isPlaced = nodes.size > 1;
  if (format === 'table')
    return formatColumns(
      ['DRIVER', 'VOLUME NAME', ...(isPlaced ? ['NODE'] : [])],
      volumes.map(({ name, nodeId }) => ['local', name, ...(isPlaced ? [nodeName(nodeId, nodes)] : [])]),
    );
  const rows = volumes.map((volume) => ({
    ...volumeJson(volume),
    ...(isPlaced ? { Node: nodeName(volume.nodeId, nodes) } : {}),
  }));
  return format === 'json' ? rows.map((row) => `${JSON.stringify(row)}\n`).join('') : format.render(rows);
}

function volumeJson({ name, key, stack, spec }: VolumeObject): Readonly<Record<string, string>> {
  const labels = { ...spec.labels, 'com.docker.compose.project': stack ?? '', 'com.docker.compose.volume': key };
  return {
    Driver: 'local',
    Labels: Object.entries(labels)
      .map(([label, value]) => `${label}=${value}`)
      .join(','),
    Name: name,
    Scope: 'local',
  };
}
