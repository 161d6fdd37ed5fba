/** Loads the files of the bundle (tools/build.ts) together with the code that V8 made of them when the same verb ran before. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

interface Part {
  readonly exports: unknown;
  readonly script: Script;
}

type Wrapper = (
  exports: unknown,
  require: (name: string) => unknown,
  module: { exports: unknown },
  filename: string,
  directory: string,
) => void;

/**
 * The parts that one command uses. Node's own compile cache keeps what is compiled while a file is loaded; this one also what the verb called
 * after that, which is most of it: a quarter of the time of `up`. Each verb has a cache of its own, because reading what others need costs more
 * than it saves.
 */
export class BundleParts {
  readonly #directory: string;
  readonly #require: (name: string) => unknown;
  readonly #loaded = new Map<string, Part>();
  /** Directory of the verb's code; null = nothing is known of it yet. */
  readonly #cache: string | null;
  #isStale: boolean;

  /** `directory` holds the parts; code is kept below it, so that it goes when the bundle is replaced. `verb` is the one that will run, if that is known. */
  constructor(directory: string, verb: string | null) {
    this.#directory = directory;
    this.#require = createRequire(join(directory, 'main.cjs'));
    this.#cache = verb === null ? null : join(directory, 'code', verb);
    this.#isStale = false;
  }

  /** The exports of a part, such as `./run-process.cjs`. */
  load(name: string): unknown {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known.exports;
    const filename = join(this.#directory, name);
    const cachedData = this.#readCode(name);
    // The bundler writes ASCII alone.
    const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'latin1')}\n})`;
    const script = new Script(source, cachedData === undefined ? { filename } : { filename, cachedData });
    if (cachedData === undefined || script.cachedDataRejected === true) this.#isStale = true;
    const module = { exports: {} };
    const require = (wanted: string): unknown => (wanted.startsWith('./') ? this.load(wanted) : this.#require(wanted));
    (script.runInThisContext() as Wrapper)(module.exports, require, module, filename, this.#directory);
    this.#loaded.set(name, { exports: module.exports, script });
    return module.exports;
  }

  /** Keeps the code for the next command of the verb, unless it is there already. Who may not write there goes without. */
  save(): void {
    if (!this.#isStale || this.#cache === null) return;
    this.#isStale = false;
    try {
      mkdirSync(this.#cache, { recursive: true });
      for (const [name, { script }] of this.#loaded) {
        const path = join(this.#cache, name);
        const fresh = `${path}.${process.pid}`;
        writeFileSync(fresh, script.createCachedData());
        renameSync(fresh, path);
      }
    } catch {
      // A read-only installation, another user's, a full disk: the command itself has gone well.
    }
  }

  #readCode(name: string): Buffer | undefined {
    if (this.#cache === null) return undefined;
    try {
      return readFileSync(join(this.#cache, name));
    } catch {
      return undefined;
    }
  }
}
