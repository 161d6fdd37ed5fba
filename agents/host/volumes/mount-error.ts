import type { VolumeFilesystemSpec } from '../../../src/model/spec.ts';
import { TaskError } from '../errors.ts';
import { NativeError } from '../native/native-error.ts';

/** What to do about the usual failures of mount(2), by errno. */
const hints: Readonly<Record<string, string>> = {
  ENOENT: 'check that the device, or the directory that is exported, exists',
  ENODEV: 'the kernel of this node does not know this type of file system: load its module, or use another type',
  EACCES: 'the server refuses this node, or the export: look at its list of exports',
  ECONNREFUSED: 'nothing answers there: check addr= and the port, and that the server runs',
  EHOSTUNREACH: 'there is no way to the server from this node',
  ENETUNREACH: 'there is no way to the server from this node',
  ETIMEDOUT: 'the server does not answer: check addr= and firewalls on the way',
  EINVAL: 'the file system refuses these options, or what the device holds',
  EPERM: 'this node may not mount this type of file system',
  EBUSY: 'it is mounted elsewhere in a way that excludes this one',
};

/** The failed mount of a volume's file system for people: what, why and what to do. */
export function mountError(
  volume: string,
  { type, device }: VolumeFilesystemSpec,
  signal: AbortSignal,
  cause: unknown,
): TaskError {
  if (cause instanceof TaskError) return cause;
  const what = `volumes: mount ${device} (type ${type}) for volume ${volume}`;
  if (signal.aborted) {
    return new TaskError('timeout', `${what}: no answer in time`, { cause, hint: hints['ETIMEDOUT'] ?? '' });
  }
  if (!(cause instanceof NativeError)) return new TaskError('internal', what, { cause });
  const hint = hints[cause.errno];
  return new TaskError('invalid', `${what}: ${cause.message}`, { cause, ...(hint === undefined ? {} : { hint }) });
}
