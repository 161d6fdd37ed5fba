import { buffer } from 'node:stream/consumers';
import type { PayloadObject } from '../../model/objects.ts';
import { shortId } from '../../model/ids.ts';
import type { AnyVerb } from '../command-line/verb.ts';
import { formatSpan } from '../output/units.ts';
import { openInput } from '../project/open-input.ts';
import { objectVerb } from './object-verb.ts';
import { readPairs } from './read-pairs.ts';

const createFlags = {
  label: { type: 'strings', short: 'l', value: 'NAME=VALUE', help: 'create: a label' },
} as const;

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
      content: (await buffer(openInput(io, path))).toString('base64'),
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
