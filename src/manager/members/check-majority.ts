import { TsstackError } from '../../model/errors.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { StoreView } from '../store/object-index.ts';

/** Throws when the managers that are up would be too few without that one: the members of a managed etcd decide by a majority of all. */
export function checkMajority(view: StoreView, leaving: NodeObject): void {
  if (leaving.managerAddress === '') return;
  const left = view.all('node').filter(({ id, managerAddress }) => managerAddress !== '' && id !== leaving.id);
  const isEnough = left.filter(({ state }) => state === 'ready').length > left.length / 2;
  if (left.length === 0 || isEnough) return;
  const down = left.filter(({ state }) => state !== 'ready').map(({ hostname }) => hostname);
  throw new TsstackError(
    'conflict',
    `remove the manager ${leaving.hostname}: without it the store would have no majority, since ${down.join(', ')} ${down.length === 1 ? 'is' : 'are'} not up`,
    {
      hint: `remove those first (\`tsstack node rm ${down[0]}\`), or use --force and then \`tsstack cluster recover\` on a manager that is left`,
    },
  );
}
