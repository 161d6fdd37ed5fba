import { isDigest } from './formats/digest.ts';
import { referenceKey } from '../../../src/model/image-reference.ts';
import type { ImageReference } from '../../../src/model/image-reference.ts';
import { sourceState } from './sources/source-state.ts';
import type { ImageIndex, ImageRecord } from './store/image-index.ts';

/** Ids are shown with 12 digits; fewer than these could be the name of an image. */
const idPrefix = /^[0-9a-f]{12,64}$/;

/** The image with that name, or with that (shortened) id. Names go first, as with docker. */
export function findImage(index: ImageIndex, reference: ImageReference, text: string): ImageRecord | undefined {
  if (reference.kind === 'id') return index.byId(reference.id);
  return index.byKey(referenceKey(reference)) ?? findByPrefix(index, text);
}

function findByPrefix(index: ImageIndex, text: string): ImageRecord | undefined {
  if (!idPrefix.test(text)) return undefined;
  const full = `sha256:${text}`;
  if (isDigest(full)) return index.byId(full);
  const found = index.list().filter(({ id }) => id.startsWith(full));
  return found.length === 1 ? found[0] : undefined;
}

/** False when the local source of the image has another content than when it was read. A source that is gone does not matter. */
export function isCurrent(record: ImageRecord, reference: ImageReference): boolean {
  const state = sourceState(reference);
  return state === null || record.references[referenceKey(reference)] === state;
}
