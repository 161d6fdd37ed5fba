import type { ImageStore } from './image-store.ts';
import { installImage } from './install-image.ts';
import { withArchive } from './obtain-image.ts';
import type { ObtainOptions } from './obtain-image.ts';
import { parseRegistryReference, referenceKey } from '../../../src/model/image-reference.ts';
import type { ImageRecord } from './store/image-index.ts';

/** Loads every image of an archive under the names that the archive gives them. */
export function loadArchive(
  store: ImageStore,
  input: string | AsyncIterable<Uint8Array>,
  options: ObtainOptions,
): Promise<ImageRecord[]> {
  return withArchive(store, input, 'the archive', options.signal, async (archive) => {
    const loaded: ImageRecord[] = [];
    for (const { names, source } of await archive.images(options.signal)) {
      const keys = names.map((name) => referenceKey(parseRegistryReference(name)));
      const newNames = keys.map((key) => ({ key, sourceState: null }));
      const reference = names[0] ?? source.id;
      const record = await installImage(store, source, newNames, { reference, ...options });
      options.listener({ status: 'loaded', id: reference, current: 1, total: 1 });
      loaded.push(record);
    }
    return loaded;
  });
}
