import type { StackSpec } from '../../model/spec.ts';
import { InvalidRequestError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';

/** Throws InvalidRequestError when a service wants its storage limited and no node that is there can do it. */
export function checkStorageLimits(view: StoreView, spec: StackSpec, selected: ReadonlySet<string>): void {
  const nodes = view.all('node').filter(({ state }) => state === 'ready');
  if (nodes.length === 0 || nodes.some(({ description }) => description.limitsStorage)) return;
  const limited = Object.values(spec.services).find(
    ({ name, container }) => selected.has(name) && container.storageBytes !== null,
  );
  if (limited === undefined) return;
  const message = `service ${limited.name}: storage_opt.size needs project quotas on the file system of the data`;
  throw new InvalidRequestError(message, {
    keys: ['services', limited.name, 'storage_opt', 'size'],
    hint: 'have it on xfs mounted with pquota, or ext4 with prjquota (Linux 5.14 or later), or leave the size out',
  });
}
