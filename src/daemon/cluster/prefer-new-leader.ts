import { TsstackError } from '../../model/errors.ts';
import { parseHostPort } from '../../model/host-port.ts';
import { connectDispatcherOf, type Trust } from '../../rpc/secure-client.ts';
import { findOtherLeader } from './find-other-leader.ts';
import type { ManagerList } from './manager-list.ts';

/**
 * Makes the manager that leads the next one to connect to, as soon as it is another one than the last. Rejects when none of the others can tell, or
 * it is one that is not known here.
 */
export async function preferNewLeader(list: ManagerList, trust: () => Trust, signal: AbortSignal): Promise<void> {
  const lost = list.last;
  const leader = await findOtherLeader(
    {
      managers: list.othersThan(lost),
      lost,
      connect: (manager, limit) => connectDispatcherOf(placeOf(manager), trust(), { signal: limit }),
    },
    signal,
  );
  if (!list.prefer(leader)) throw new TsstackError('unavailable', `${leader} leads, of which this host does not know`);
}

function placeOf(manager: string): NonNullable<ReturnType<typeof parseHostPort>> {
  const place = parseHostPort(manager);
  if (place === undefined) throw new TsstackError('internal', `"${manager}" is no address of a manager`);
  return place;
}
