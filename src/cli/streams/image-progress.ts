import type { ImageProgress } from '../../rpc/stream-kinds.ts';
import type { ProgressEvent } from '../output/progress/progress-event.ts';

const words: Readonly<Record<string, string>> = {
  resolving: 'Pulling',
  downloading: 'Downloading',
  unpacking: 'Extracting',
  done: 'Pull complete',
  loaded: 'Loaded',
};

/** Layer of an image on its way, as a row of the progress display. */
export function layerEvent(image: string, { status, id, current, total }: ImageProgress): ProgressEvent {
  const isDone = status === 'done' || status === 'loaded';
  const text = words[status] ?? status;
  return { id: layerName(id), parentId: `Image ${image}`, state: isDone ? 'done' : 'working', text, current, total };
}

/** Digits of a digest that tell layers apart. */
const shownDigits = 12;

function layerName(id: string): string {
  return id.startsWith('sha256:') ? id.slice('sha256:'.length, 'sha256:'.length + shownDigits) : id;
}
