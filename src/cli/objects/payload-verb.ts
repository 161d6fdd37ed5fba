import type { Readable } from 'node:stream';
import type { PayloadObject } from '../../model/objects.ts';
import { shortId } from '../../model/ids.ts';
import type { AnyVerb } from '../command-line/verb.ts';
import { formatSpan } from '../output/units.ts';
import { TsstackError } from '../../model/errors.ts';
import { openInput } from '../project/open-input.ts';
import { objectVerb } from './object-verb.ts';
import { readPairs } from './read-pairs.ts';

const createFlags = {
  label: { type: 'strings', short: 'l', value: 'NAME=VALUE', help: 'create: a label' },
} as const;

/** More than the manager takes of any of them; what has no end (`/dev/zero`) is not read until there is no memory left. */
const maxReadBytes = 4 * 1024 * 1024;

async function readContent(what: string, input: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxReadBytes)
      throw new TsstackError('invalid', `${what}: its content has more than ${maxReadBytes} bytes`, {
        hint: 'these are for passwords, keys and settings; large files belong into a volume',
      });
  }
  return Buffer.concat(chunks);
}

/** The verb for secrets or for configs, which differ in where they are shown, not in how they are made. */
export function payloadVerb(kind: 'secret' | 'config', name: string): AnyVerb {
  return objectVerb<PayloadObject, typeof createFlags>({
    kind,
    name,
    createUsage: 'NAME FILE|-',
    createArity: [1, 2],
    createFlags,
    pruneFlags: null,
    spec: async ({ flags, io }, [object = '', path]) => ({
      name: object,
      external: false,
      labels: readPairs('label', flags.label),
      content: (await readContent(`${kind} ${object}`, openInput(io, path))).toString('base64'),
      digest: null,
    }),
    titles: ['ID', 'NAME', 'CREATED'],
    cells: ({ id, name: shown, createdAt }) => [
      shortId(id),
      shown,
      `${formatSpan(Date.now() - Date.parse(createdAt))} ago`,
    ],
    describe: ({ id, name: shown, spec, createdAt, updatedAt, stack }) => ({
      ID: id,
      Name: shown,
      CreatedAt: createdAt,
      UpdatedAt: updatedAt,
      Labels: spec.labels,
      Stack: stack,
    }),
  });
}
