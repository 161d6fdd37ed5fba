import type { ImageProgress } from '../../rpc/stream-kinds.ts';
import type { ProgressEvent } from '../output/progress/progress-event.ts';

const words: Readonly<Record<string, string>> = {
  downloading: 'Downloading',
  unpacking: 'Extracting',
  done: 'Pull complete',
};

/** An archive on its way to the store, as a row of the progress display. */
export function uploadEvent(name: string, { status, current, total }: ImageProgress): ProgressEvent {
  const isDone = status === 'done' || status === 'loaded';
  return {
    id: `Image ${name}`,
    state: isDone ? 'done' : 'working',
    text: isDone ? 'Loaded' : 'Loading',
    current,
    total,
  };
}

/** A layer of an image on its way, or the image itself, as a row of the progress display. */
export function layerEvent(image: string, { status, id, current, total }: ImageProgress): ProgressEvent {
  if (!id.startsWith(digestPrefix)) return { id: `Image ${image}`, state: 'working', text: 'Pulling' };
  const isDone = status === 'done';
  const name = id.slice(digestPrefix.length, digestPrefix.length + shownDigits);
  const text = words[status] ?? status;
  return { id: name, parentId: `Image ${image}`, state: isDone ? 'done' : 'working', text, current, total };
}

const digestPrefix = 'sha256:';
/** Digits of a digest that tell layers apart. */
const shownDigits = 12;
