import type { VolumeObject } from '../../model/objects.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { readRowFormat, rowFormatFlag } from '../output/format-flag.ts';
import { listText, type List } from '../output/list-text.ts';
import { nodeName, type Nodes } from '../output/placed-container.ts';
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
  await writeOutput(context.io.stdout, listText(listOf(byName, nodes), context.flags.quiet, format));
  return 0;
}

function listOf(volumes: readonly VolumeObject[], nodes: Nodes): List {
  // On a lone host all are at one place.
  const isPlaced = nodes.size > 1;
  return {
    names: volumes.map(({ name }) => name),
    objects: volumes.map((volume) => ({
      ...volumeJson(volume),
      ...(isPlaced ? { Node: nodeName(volume.nodeId, nodes) } : {}),
    })),
    titles: ['DRIVER', 'VOLUME NAME', ...(isPlaced ? ['NODE'] : [])],
    cells: volumes.map(({ name, nodeId }) => ['local', name, ...(isPlaced ? [nodeName(nodeId, nodes)] : [])]),
  };
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
