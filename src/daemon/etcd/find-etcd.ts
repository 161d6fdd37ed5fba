import { findProgram } from '../../../agents/host/find-runtime.ts';
import { TsstackError } from '../../model/errors.ts';

/** The etcd of this host; throws when there is none. */
export function findEtcd(searchPath: string = process.env['PATH'] ?? ''): string {
  const found = findProgram('etcd', searchPath);
  if (found !== undefined) return found;
  throw new TsstackError('unsupported', 'several managers keep their store in etcd, which this host does not have', {
    hint: 'install it: `apt-get install etcd-server`; or name one that is elsewhere: `tsstack cluster migrate --to etcd://HOST:PORT`',
  });
}
