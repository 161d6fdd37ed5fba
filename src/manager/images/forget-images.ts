/** Loop: forgets what names of images mean that no service has any more; who needs one again decides anew. */
import type { ImageObject, ServiceObject } from '../../model/objects.ts';
import type { Reconciler } from '../loops/reconcile-loop.ts';
import { remove, type Change, type ObjectChange } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import { imagesOf } from './images-of.ts';

/** Any service may have had the last use of any name, so there is one key for everything. */
type Key = 'images';

export const forgetImages: Reconciler<Key> = {
  name: 'forget-images',
  concerns,
  everything: () => ['images'],
  reconcile,
};

function concerns({ before }: ObjectChange): readonly Key[] {
  // A container of `run` may be of a service that was never stored.
  return before?.kind === 'service' || (before?.kind === 'task' && before.oneOff !== null) ? ['images'] : [];
}

function reconcile(view: StoreView): readonly Change[] {
  const images = view.all('image');
  if (images.length === 0) return [];
  const used = new Set([...view.all('service').flatMap(usedBy), ...oneOffs(view)]);
  return images.filter(({ name }: ImageObject) => !used.has(name)).map(remove);
}

/** A rollback brings the former image back. */
function usedBy({ spec, previous }: ServiceObject): readonly string[] {
  return [...imagesOf(spec), ...(previous === null ? [] : imagesOf(previous.spec))];
}

function oneOffs(view: StoreView): readonly string[] {
  return view.all('task').flatMap(({ oneOff, spec }) => (oneOff === null ? [] : imagesOf(spec)));
}
