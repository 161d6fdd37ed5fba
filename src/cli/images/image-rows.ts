/** Images as `tsstack images` shows them. Pure. */
import type { TaskObject } from '../../model/objects.ts';
import type { ImageSummary } from '../../rpc/stream-kinds.ts';
import { splitReference } from '../output/image-reference.ts';
import type { RowFormat } from '../output/format-flag.ts';
import { formatColumns } from '../output/table.ts';
import { formatBytes } from '../../model/format-bytes.ts';
import { formatSpan } from '../output/units.ts';
import type { HostAnswer } from './image-hosts.ts';

export interface ImageRow {
  readonly container: string;
  /** Names of the hosts that have it. */
  readonly nodes: readonly string[];
  readonly repository: string;
  readonly tag: string;
  readonly platform: string;
  readonly id: string;
  readonly sizeBytes: number;
  readonly createdAt: string;
}

type HostImages = HostAnswer<{ readonly images: readonly ImageSummary[] }>;

/** One row for each name and image, whichever hosts have it. */
export function hostRows(answers: readonly HostImages[]): readonly ImageRow[] {
  const rows = new Map<string, ImageRow>();
  for (const { host, answer } of answers) {
    for (const row of answer.images.flatMap(rowsOfImage)) {
      const key = [row.repository, row.tag, row.id].join(' ');
      rows.set(key, { ...row, nodes: [...(rows.get(key)?.nodes ?? []), host.hostname] });
    }
  }
  return [...rows.values()];
}

function rowsOfImage({ references, id, platform, sizeBytes, createdAt }: ImageSummary): readonly ImageRow[] {
  return (references.length > 0 ? references : ['<none>:<none>']).map((reference) => ({
    ...splitReference(reference),
    container: '',
    nodes: [],
    platform,
    id,
    sizeBytes,
    createdAt,
  }));
}

/** One row for each container. What the container itself knows survives the removal of its image's record. */
export function containerRows(tasks: readonly TaskObject[], answers: readonly HostImages[]): readonly ImageRow[] {
  return tasks.map((task) => {
    const id = task.status.container?.imageId ?? '';
    const there = answers.find(({ host }) => host.id === task.nodeId);
    const image = there?.answer.images.find((summary) => summary.id === id);
    return {
      container: task.containerName,
      nodes: there === undefined ? [] : [there.host.hostname],
      ...splitReference(task.status.container?.imageReference ?? task.spec.image),
      platform: image?.platform ?? '',
      id,
      sizeBytes: image?.sizeBytes ?? 0,
      createdAt: image?.createdAt ?? '',
    };
  });
}

export interface RowStyle {
  readonly quiet: boolean;
  readonly format: RowFormat;
  /** How many hosts there are: on a lone one all are at one place. */
  readonly hostCount: number;
}

/** The rows as text. */
export function renderRows(rows: readonly ImageRow[], { quiet, format, hostCount }: RowStyle): string {
  if (quiet) return [...new Set(rows.map(({ id }) => id))].map((id) => `${id.replace(/^sha256:/, '')}\n`).join('');
  const isPlaced = hostCount > 1;
  const objects = rows.map((row) => rowJson(row, isPlaced));
  if (format === 'json') return `${JSON.stringify(objects)}\n`;
  if (format !== 'table') return format.render(objects);
  const header = ['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'];
  const cells = rows.map((row) => [...rowCells(row), ...(isPlaced ? [nodesText(row, hostCount)] : [])]);
  return formatColumns([...header, ...(isPlaced ? ['NODE'] : [])], cells);
}

function rowCells({ container, repository, tag, platform, id, sizeBytes, createdAt }: ImageRow): readonly string[] {
  const age = createdAt === '' ? 'N/A' : `${formatSpan(Date.now() - Date.parse(createdAt))} ago`;
  return [container, repository, tag, platform, shortImageId(id), formatBytes(sizeBytes), age];
}

function nodesText({ nodes }: ImageRow, hostCount: number): string {
  return nodes.length === hostCount ? 'all' : nodes.join(',');
}

function rowJson(row: ImageRow, isPlaced: boolean): Readonly<Record<string, unknown>> {
  return {
    ID: row.id,
    ContainerName: row.container,
    Repository: row.repository,
    Tag: row.tag,
    Platform: row.platform,
    Size: row.sizeBytes,
    Created: row.createdAt,
    ...(isPlaced ? { Nodes: row.nodes } : {}),
  };
}

/** Digits of an image id that are shown. */
const shownDigits = 12;

function shortImageId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, shownDigits);
}
