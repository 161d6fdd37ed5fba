import type { VolumeObject } from '../../model/objects.ts';
import type { VolumeFilesystemSpec } from '../../model/spec.ts';
import { newId } from '../../model/ids.ts';
import { lowerVolume } from '../../stack/lower/lower-volume.ts';
import { objectVerb } from '../objects/object-verb.ts';
import { readPairs } from '../objects/read-pairs.ts';

const createFlags = {
  driver: {
    type: 'string',
    short: 'd',
    value: 'DRIVER',
    choices: ['local'],
    help: 'create: local, the only driver; --opt type=…, device=… and o=… say what it mounts',
  },
  label: { type: 'strings', value: 'NAME=VALUE', help: 'create: a label' },
  opt: { type: 'strings', short: 'o', value: 'NAME=VALUE', help: 'create: an option of the driver' },
} as const;

/** `tsstack volume` */
export const volume = objectVerb<VolumeObject, typeof createFlags>({
  kind: 'volume',
  name: 'volume',
  createUsage: '[NAME]',
  createArity: [0, 1],
  createFlags,
  pruneFlags: ['all', 'force'],
  spec: async ({ flags }, [name = newId()]) =>
    lowerVolume(name, {
      name,
      driver: flags.driver ?? 'local',
      driver_opts: readPairs('opt', flags.opt),
      labels: readPairs('label', flags.label),
    }),
  titles: ['DRIVER', 'VOLUME NAME'],
  cells: ({ name }) => ['local', name],
  describe: ({ name, spec, createdAt, stack }) => ({
    Name: name,
    Driver: 'local',
    Scope: 'local',
    CreatedAt: createdAt,
    Labels: spec.labels,
    Options: driverOptions(spec.filesystem),
    Stack: stack,
  }),
  nodeOf: ({ nodeId }) => nodeId,
});

function driverOptions(filesystem: VolumeFilesystemSpec | null): Readonly<Record<string, string>> {
  if (filesystem === null) return {};
  const { type, device, options } = filesystem;
  return { type, device, o: options.join(',') };
}
