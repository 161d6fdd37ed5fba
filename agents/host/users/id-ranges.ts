import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { TaskError, hasErrno } from '../errors.ts';
import { idsPerContainer } from './id-range.ts';
import type { IdRange } from './id-range.ts';

export interface IdRangesOptions {
  /** Ids to give away. */
  readonly pools: readonly IdRange[];
  /** Names of the containers that this host has. */
  readonly names: readonly string[];
  /** File of a container that keeps its range; it goes with the container's directory. */
  readonly fileOf: (name: string) => string;
  /** Where to begin looking, so that two daemons on one machine come across each other late. */
  readonly start: number;
}

/**
 * Which ids of this host which containers have. A range is written down before it is used and free again when its container's
 * directory is gone: after a crash nobody gets ids that somebody has.
 */
export class IdRanges {
  readonly #options: IdRangesOptions;
  readonly #held = new Map<string, IdRange>();

  constructor(options: IdRangesOptions) {
    this.#options = options;
    for (const name of options.names) {
      const range = readRange(options.fileOf(name));
      if (range !== null) this.#held.set(name, range);
    }
  }

  get(name: string): IdRange | null {
    return this.#held.get(name) ?? null;
  }

  /** The container's range, the same each time. */
  claim(name: string): IdRange {
    return this.#held.get(name) ?? this.#keep(name, this.#findFree());
  }

  /** Gives a container the range of another one, with which it shares namespaces. */
  share(name: string, owner: string): IdRange {
    const range = this.#held.get(owner);
    if (range !== undefined) return this.#keep(name, range);
    throw new TaskError('conflict', 'userns_mode: the service whose network is shared has no user namespace', {
      hint: 'give both services the same userns_mode',
    });
  }

  /** The container and its directory are gone. */
  release(name: string): void {
    this.#held.delete(name);
  }

  #keep(name: string, range: IdRange): IdRange {
    const path = this.#options.fileOf(name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
    writeFileSync(path, `${JSON.stringify(range)}\n`, { mode: 0o600 });
    this.#held.set(name, range);
    return range;
  }

  #findFree(): IdRange {
    const slots = this.#options.pools.flatMap(slotsOf);
    const begin = slots.length === 0 ? 0 : this.#options.start % slots.length;
    const held = [...this.#held.values()];
    const free = [...slots.slice(begin), ...slots.slice(0, begin)].find(
      (slot) => !held.some((range) => meet(slot, range)),
    );
    if (free !== undefined) return free;
    throw new TaskError('conflict', `userns_mode: all ${slots.length} ranges of ${idsPerContainer} ids are in use`, {
      hint: 'give more ids to the user "containers" in /etc/subuid and /etc/subgid, and restart the daemon',
    });
  }
}

function slotsOf(pool: IdRange): readonly IdRange[] {
  const count = Math.floor(pool.count / idsPerContainer);
  return Array.from({ length: count }, (_, index) => ({
    first: pool.first + index * idsPerContainer,
    count: idsPerContainer,
  }));
}

function meet(a: IdRange, b: IdRange): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

function readRange(path: string): IdRange | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as IdRange;
  } catch (error) {
    // A torn file was not used yet.
    if (error instanceof SyntaxError || hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
