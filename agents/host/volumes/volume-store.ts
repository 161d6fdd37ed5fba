import { lstat, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import { Exclusive } from './exclusive.ts';

/** Copies what an image has at the volume's path into a new directory; resolves to false when the image has nothing there. */
export type CopyContent = (directory: string) => Promise<boolean>;

/** Removes trees, whatever lies in them. */
export type RemoveTrees = (directories: readonly string[]) => Promise<void>;

/** Gives the second directory owner, mode, times and attributes of the first one. */
export type AdoptMetadata = (from: string, to: string) => Promise<void>;

/** Tells whether the manager has deleted an object, by its id. */
export type IsDeleted = (objectId: string) => boolean;

/** Holds the manager's id of the volume, beside its data. */
const idFile = 'volume.id';

/** What an image has for the volume, copied whole; what is not in the data yet has still to go there. */
const contentDirectory = '_content';

/** Of directories that were volumes and are being removed. */
const doomedPrefix = '.removed-';

/** Named and anonymous volumes of this host: `NAME/_data` below one directory. Uses of one volume wait for each other. */
export class VolumeStore {
  readonly #root: string;
  readonly #removeTrees: RemoveTrees;
  readonly #adoptMetadata: AdoptMetadata;
  readonly #isDeleted: IsDeleted;
  readonly #exclusive = new Exclusive();

  constructor(root: string, removeTrees: RemoveTrees, adoptMetadata: AdoptMetadata, isDeleted: IsDeleted) {
    this.#root = root;
    this.#removeTrees = removeTrees;
    this.#adoptMetadata = adoptMetadata;
    this.#isDeleted = isDeleted;
  }

  /**
   * Makes the volume if need be and returns its directory. An empty volume is filled by `copyContent`, if given. `objectId` is
   * the manager's id of it, which is remembered; null for a volume that no manager knows. The data of a former volume of that
   * name stays, unless the manager has deleted that one.
   */
  ensure(name: string, objectId: string | null, copyContent: CopyContent | null): Promise<string> {
    return this.#exclusive.run(name, async () => {
      const volume = join(this.#root, name);
      const data = join(volume, '_data');
      if (objectId !== null) await this.#claim(name, objectId);
      await mkdir(data, { recursive: true });
      // What a crash has interrupted.
      await this.#takeContent(volume);
      if (copyContent !== null && (await readdir(data)).length === 0) await this.#fill(volume, copyContent);
      return data;
    });
  }

  /** Removes the volume and its data; nothing happens when it is not there. */
  remove(name: string): Promise<void> {
    return this.#exclusive.run(name, () => this.#remove(name));
  }

  /** Removes the volume of an object of the manager, if it still is that one's: another one may have got the name meanwhile. */
  removeManaged(name: string, objectId: string): Promise<void> {
    return this.#exclusive.run(name, async () => {
      if ((await readId(join(this.#root, name))) === objectId) await this.#remove(name);
    });
  }

  /** Volumes here that a manager knows, by the manager's id. */
  async listManaged(): Promise<ReadonlyMap<string, string>> {
    const managed = new Map<string, string>();
    for (const name of (await listNames(this.#root)).filter((entry) => !entry.startsWith(doomedPrefix))) {
      const id = await readId(join(this.#root, name));
      if (id !== null) managed.set(id, name);
    }
    return managed;
  }

  /** Finishes removals that a crash interrupted. */
  async sweep(): Promise<void> {
    const doomed = (await listNames(this.#root)).filter((name) => name.startsWith(doomedPrefix));
    await Promise.all(
      doomed.map((name) =>
        this.#exclusive.run(name.slice(doomedPrefix.length), () => this.#removeTrees([join(this.#root, name)])),
      ),
    );
  }

  async #claim(name: string, objectId: string): Promise<void> {
    const volume = join(this.#root, name);
    const former = await readId(volume);
    if (former === objectId) return;
    if (former !== null && this.#isDeleted(former)) await this.#remove(name);
    await mkdir(volume, { recursive: true });
    await writeFile(join(volume, `${idFile}.new`), objectId);
    await rename(join(volume, `${idFile}.new`), join(volume, idFile));
  }

  /** Copies beside the volume's directory first, so that a crash in the middle leaves an empty volume, not half of one. */
  async #fill(volume: string, copyContent: CopyContent): Promise<void> {
    const copy = join(volume, '_copy');
    await rm(copy, { recursive: true, force: true });
    if (!(await copyContent(copy))) return;
    await rename(copy, join(volume, contentDirectory));
    await this.#takeContent(volume);
  }

  /**
   * Moves what was copied into the volume's directory. That itself stays the one that it was: containers that have it mounted,
   * empty as it was, would keep the old one, and share nothing with those that come. What they have made meanwhile stays, too.
   */
  async #takeContent(volume: string): Promise<void> {
    const content = join(volume, contentDirectory);
    const data = join(volume, '_data');
    // As bytes: names in images need not be UTF-8.
    const names = await ifThere(readdir(content, { encoding: 'buffer' }), null);
    if (names === null) return;
    for (const name of names) {
      const to = Buffer.concat([Buffer.from(`${data}/`), name]);
      if ((await ifThere(lstat(to), null)) === null)
        await rename(Buffer.concat([Buffer.from(`${content}/`), name]), to);
    }
    await this.#adoptMetadata(content, data);
    await this.#removeTrees([content]);
  }

  async #remove(name: string): Promise<void> {
    const volume = join(this.#root, name);
    if ((await ifThere(stat(volume), null)) === null) return;
    // Renamed first: a crash in the middle leaves something that is no volume.
    const doomed = join(this.#root, `${doomedPrefix}${name}`);
    await this.#removeTrees([doomed]);
    await rename(volume, doomed);
    await this.#removeTrees([doomed]);
  }
}

function listNames(directory: string): Promise<readonly string[]> {
  return ifThere(readdir(directory), []);
}

async function readId(volume: string): Promise<string | null> {
  try {
    const id = await readFile(join(volume, idFile), 'utf8');
    // What a failure of power has left of the file is nobody's id, and no volume goes for it.
    return /^[\w.-]+$/.test(id) ? id : null;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
