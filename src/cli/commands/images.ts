import type { TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { ImageSummary } from '../../rpc/stream-kinds.ts';
import { connect } from '../connection/connect.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { readFormat } from '../output/format-flag.ts';
import { splitReference } from '../output/image-reference.ts';
import { formatColumns } from '../output/table.ts';
import { formatBytes, formatSpan } from '../output/units.ts';
import { writeOutput } from '../output/write-output.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { readDocuments } from '../streams/open-stream.ts';

const flags = {
  all: { type: 'boolean', short: 'a', help: 'List every image of this host rather than those of the containers' },
  force: { type: 'boolean', help: 'With rm: remove the image although containers use it' },
  format: { type: 'string', value: 'FORMAT', help: 'table or json' },
  quiet: { type: 'boolean', short: 'q', help: 'Print only the ids' },
} as const;

/** `tsstack images` */
export const images = defineVerb({ name: 'images', usage: '[SERVICE...] | rm IMAGE...', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readFormat(context.flags.format);
  if (context.arguments[0] === 'rm') return remove(context, context.arguments.slice(1));
  const rows = context.flags.all ? await hostRows(context) : await containerRows(context);
  await writeOutput(context.io.stdout, render(rows, context.flags.quiet, format));
  return 0;
}

interface ImageRow {
  readonly container: string;
  readonly repository: string;
  readonly tag: string;
  readonly platform: string;
  readonly id: string;
  readonly sizeBytes: number;
  readonly createdAt: string;
}

async function listImages(control: ControlClient): Promise<readonly ImageSummary[]> {
  for await (const { images } of readDocuments(control, 'image.list', {})) return images;
  return [];
}

async function hostRows(context: CommandContext<typeof flags>): Promise<readonly ImageRow[]> {
  const summaries = await listImages(await connect(context, 'start'));
  return summaries.flatMap((image) =>
    (image.references.length > 0 ? image.references : ['<none>:<none>']).map((reference) => ({
      container: '',
      ...splitReference(reference),
      platform: image.platform,
      id: image.id,
      sizeBytes: image.sizeBytes,
      createdAt: image.createdAt,
    })),
  );
}

async function containerRows(context: CommandContext<typeof flags>): Promise<readonly ImageRow[]> {
  const { control, tasks } = await openStack(context, context.arguments);
  const containers = selectTasks(tasks, context.arguments, { oneOffs: true }).filter(
    ({ status }) => status.container !== null,
  );
  if (containers.length === 0) return [];
  const summaries = await listImages(control);
  return containers.map((task) => rowOf(task, summaries));
}

/** What the container itself knows survives the removal of its image's record. */
function rowOf(task: TaskObject, summaries: readonly ImageSummary[]): ImageRow {
  const id = task.status.container?.imageId ?? '';
  const image = summaries.find((summary) => summary.id === id);
  return {
    container: task.containerName,
    ...splitReference(task.status.container?.imageReference ?? task.spec.image),
    platform: image?.platform ?? '',
    id,
    sizeBytes: image?.sizeBytes ?? 0,
    createdAt: image?.createdAt ?? '',
  };
}

function render(rows: readonly ImageRow[], quiet: boolean, format: string): string {
  if (quiet) return [...new Set(rows.map(({ id }) => id))].map((id) => `${id.replace(/^sha256:/, '')}\n`).join('');
  if (format === 'json') return `${JSON.stringify(rows.map(rowJson))}\n`;
  const cells = rows.map(({ container, repository, tag, platform, id, sizeBytes, createdAt }) => {
    const age = createdAt === '' ? 'N/A' : `${formatSpan(Date.now() - Date.parse(createdAt))} ago`;
    return [container, repository, tag, platform, shortImageId(id), formatBytes(sizeBytes), age];
  });
  return formatColumns(['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'], cells);
}

function rowJson(row: ImageRow): Readonly<Record<string, unknown>> {
  return {
    ID: row.id,
    ContainerName: row.container,
    Repository: row.repository,
    Tag: row.tag,
    Platform: row.platform,
    Size: row.sizeBytes,
    Created: row.createdAt,
  };
}

/** Digits of an image id that are shown. */
const shownDigits = 12;

function shortImageId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, shownDigits);
}

async function remove(context: CommandContext<typeof flags>, references: readonly string[]): Promise<number> {
  if (references.length === 0) throw new UsageError('images rm needs an image', 'usage: tsstack images rm IMAGE...');
  const control = await connect(context, 'start');
  for (const reference of references) {
    const { force } = context.flags;
    for await (const { removed } of readDocuments(control, 'image.remove', { reference, force })) {
      for (const name of removed) context.io.stdout.write(`${name}\n`);
    }
  }
  return 0;
}
