import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from '../errors.ts';

/** Copies what an image has at the volume's path into a new directory; resolves to false when the image has nothing there. */
export type CopyContent = (directory: string) => Promise<boolean>;

/** Removes trees, whatever lies in them. */
export type RemoveTrees = (directories: readonly string[]) => Promise<void>;

/** Holds the manager's id of the volume, beside its data. */
const idFile = 'volume.id';

/** Named and anonymous volumes of this host: `NAME/_data` below one directory. Uses of one volume wait for each other. */
export class VolumeStore {
  readonly #root: string;
  readonly #removeTrees: RemoveTrees;
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(root: string, removeTrees: RemoveTrees) {
    this.#root = root;
    this.#removeTrees = removeTrees;
  }

  /**
   * Makes the volume if need be and returns its directory. An empty volume is filled by `copyContent`, if given. `objectId` is
   * the manager's id of it, which is remembered; null for a volume that no manager knows.
   */
  ensure(name: string, objectId: string | null, copyContent: CopyContent | null): Promise<string> {
    return this.#exclusively(name, async () => {
      const volume = join(this.#root, name);
      const data = join(volume, '_data');
      await mkdir(data, { recursive: true });
      if (objectId !== null) await this.#remember(volume, objectId);
      if (copyContent !== null && (await readdir(data)).length === 0) await fill(volume, data, copyContent);
      return data;
    });
  }

  /** Removes the volume and its data; nothing happens when it is not there. */
  remove(name: string): Promise<void> {
    return this.#exclusively(name, async () => {
      const volume = join(this.#root, name);
      if (!(await exists(volume))) return;
      // Renamed first: a crash in the middle leaves something that is no volume.
      const doomed = join(this.#root, `.removed-${name}`);
      await this.#removeTrees([doomed]);
      await rename(volume, doomed);
      await this.#removeTrees([doomed]);
    });
  }

  /** Volumes here that a manager knows, by the manager's id. */
  async listManaged(): Promise<ReadonlyMap<string, string>> {
    const managed = new Map<string, string>();
    for (const name of await listNames(this.#root)) {
      const id = await readId(join(this.#root, name));
      if (id !== null) managed.set(id, name);
    }
    return managed;
  }

  /** Finishes removals that a crash interrupted. */
  async sweep(): Promise<void> {
    const doomed = (await listNames(this.#root))
      .filter((name) => name.startsWith('.removed-'))
      .map((name) => join(this.#root, name));
    if (doomed.length > 0) await this.#removeTrees(doomed);
  }

  async #remember(volume: string, objectId: string): Promise<void> {
    if ((await readId(volume)) !== objectId) await writeFile(join(volume, idFile), objectId);
  }

  #exclusively<T>(name: string, use: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(name) ?? Promise.resolve();
    const result = before.then(use, use);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    this.#busy.set(name, settled);
    void settled.then(() => {
      if (this.#busy.get(name) === settled) this.#busy.delete(name);
    });
    return result;
  }
}

/** Copies beside the volume's directory and moves it into place, so that a crash leaves an empty volume, not half of one. */
async function fill(volume: string, data: string, copyContent: CopyContent): Promise<void> {
  const copy = join(volume, '_copy');
  await rm(copy, { recursive: true, force: true });
  if (await copyContent(copy)) await rename(copy, data);
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

async function readId(volume: string): Promise<string | null> {
  try {
    return await readFile(join(volume, idFile), 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
