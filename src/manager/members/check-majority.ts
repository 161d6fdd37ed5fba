import { TsstackError } from '../../model/errors.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';

/** Throws when the managers that are up would be too few without that one: the members of a managed etcd decide by a majority of all. */
export function checkMajority(view: StoreView, leaving: NodeObject, verb: 'remove' | 'demote' = 'remove'): void {
  if (leaving.managerAddress === '') return;
  const left = view.all('node').filter((node) => isMember(node) && node.id !== leaving.id);
  const isEnough = (...states: readonly NodeObject['state'][]): boolean =>
    left.filter(({ state }) => states.includes(state)).length > left.length / 2;
  if (left.length === 0 || isEnough('ready')) return;
  // Who has just begun to lead hears of the others within seconds, or not at all.
  if (isEnough('ready', 'unknown')) throw unknownYet(leaving, verb);
  throw noMajority(leaving, verb, left);
}

function unknownYet({ hostname }: NodeObject, verb: string): TsstackError {
  return new TsstackError('conflict', `${verb} the manager ${hostname}: it is not known yet which managers are up`, {
    retryable: true,
    hint: 'run the command again in a few seconds',
  });
}

function noMajority({ hostname }: NodeObject, verb: string, left: readonly NodeObject[]): TsstackError {
  const down = left.filter(({ state }) => state !== 'ready').map((node) => node.hostname);
  const names = `${down.join(', ')} ${down.length === 1 ? 'is' : 'are'} not up`;
  const otherwise = ', or use --force and then `tsstack cluster recover` on a manager that is left';
  return new TsstackError(
    'conflict',
    `${verb} the manager ${hostname}: without it the store would have no majority, since ${names}`,
    { hint: `remove those first (\`tsstack node rm ${down[0]}\`)${verb === 'remove' ? otherwise : ''}` },
  );
}

/** Who is about to be a worker is waited for no longer than that takes. */
export function isMember({ managerAddress, roleChange }: NodeObject): boolean {
  return managerAddress !== '' && roleChange?.to !== 'worker';
}
