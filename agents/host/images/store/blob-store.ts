import { createReadStream, readdirSync, renameSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { DigestMismatchError } from '../errors.ts';
import { digestOf, isDigest, verifyDigest } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';
import { BlobWriter } from './blob-writer.ts';
import type { StorePaths } from './store-paths.ts';
import { writeAtomically } from './write-atomically.ts';

/** Content by digest. A blob that is listed is complete and was verified when it came. */
export class BlobStore {
  readonly #paths: StorePaths;
  readonly #present = new Set<Digest>();

  constructor(paths: StorePaths) {
    this.#paths = paths;
  }

  /** Learns what is on disk. */
  load(): void {
    for (const name of readdirSync(this.#paths.blobs)) {
      const digest = `sha256:${name}`;
      if (isDigest(digest)) this.#present.add(digest);
      else rmSync(`${this.#paths.blobs}/${name}`, { force: true }); // left by a crash in the middle of put
    }
  }

  has(digest: Digest): boolean {
    return this.#present.has(digest);
  }

  list(): readonly Digest[] {
    return [...this.#present];
  }

  path(digest: Digest): string {
    return this.#paths.blob(digest);
  }

  /** Reads a small blob, verified again: a damaged disk must not become a strange container. */
  async read(digest: Digest, what: string): Promise<Buffer> {
    const data = await readFile(this.path(digest));
    verifyDigest(data, digest, what);
    return data;
  }

  /** Stores a small blob that is in memory. */
  put(data: Uint8Array): Digest {
    const digest = digestOf(data);
    if (!this.has(digest)) {
      writeAtomically(this.path(digest), data);
      this.#present.add(digest);
    }
    return digest;
  }

  /** Starts or resumes the intake of a blob; a null digest takes whatever comes. */
  ingest(digest: Digest | null): Promise<BlobWriter> {
    const path = digest === null ? this.#paths.scratch('blob') : this.#paths.partial(digest);
    return BlobWriter.open(path, (complete, file) => {
      renameSync(file, this.path(complete));
      this.#present.add(complete);
    });
  }

  /** Compares a stored blob with its name; a damaged one is forgotten, so that it is fetched again. */
  async check(digest: Digest): Promise<boolean> {
    const writer = await BlobWriter.hashOf(createReadStream(this.path(digest)));
    if (writer === digest) return true;
    this.forget(digest);
    return false;
  }

  /** Takes the blob away at once; its content is freed by whoever empties the ingest directory. */
  forget(digest: Digest): string {
    this.#present.delete(digest);
    const trash = this.#paths.scratch('trash');
    renameSync(this.path(digest), trash);
    return trash;
  }
}

/** Compares the length with what was announced. */
export function checkSize(what: string, expected: number, found: number): void {
  if (found !== expected) throw new DigestMismatchError(what, `${expected} bytes`, `${found}`);
}
