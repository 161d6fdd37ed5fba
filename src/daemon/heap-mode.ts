/** How V8 keeps the daemon's heap: small for what a host holds, quick for what a manager of very many tasks does. */
import { setFlagsFromString } from 'node:v8';
import type { Store } from '../manager/store/store.ts';
import type { ModelObject } from '../model/objects.ts';

/**
 * So many objects are no longer the business of a few hosts. Collecting early costs a manager of 100,000 tasks more than half of its time
 * (19 s instead of 8 s of processor time to place them, measured with node 26), and saves a fifth of its memory.
 */
const manyObjects = 5000;

/** A node weighs as the tasks that it may be given at any moment: by then the heap should be free to grow. */
const tasksPerNode = 50;

/** Tells V8. */
type SetFlag = (flag: string) => void;

/**
 * V8 collects early instead of letting the heap grow: 100 MB instead of 180 MB after some hundred containers, at no measurable cost in time (the
 * work is in the native programs).
 */
export function keepHeapSmall(setFlag: SetFlag = setFlagsFromString): void {
  setFlag('--optimize-for-size');
}

/** Lets the heap grow while the store holds, or may soon hold, very many tasks. Ends with the store. */
export function fitHeapTo(store: Store, setFlag: SetFlag = setFlagsFromString): void {
  let objects = store.view.all('task').length + store.view.all('node').length * tasksPerNode;
  let isLarge: boolean | null = null;
  const fit = (): void => {
    // Half of it ends it, so that a number close to the limit does not go to and fro.
    const wantsLarge = objects > (isLarge === true ? manyObjects / 2 : manyObjects);
    if (wantsLarge === isLarge) return;
    isLarge = wantsLarge;
    if (isLarge) setFlag('--no-optimize-for-size');
    else keepHeapSmall(setFlag);
  };
  store.subscribe(({ changes }) => {
    for (const { before, after } of changes) objects += weightOf(after) - weightOf(before);
    fit();
  });
  fit();
}

function weightOf(object: ModelObject | null): number {
  if (object?.kind === 'node') return tasksPerNode;
  return object?.kind === 'task' ? 1 : 0;
}
