import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TaskError, hasErrno } from '../errors.ts';
import { parseCdiSpec } from './cdi-spec.ts';
import type { CdiEdits, CdiSpec } from './cdi-spec.ts';

interface KnownSpec extends CdiSpec {
  readonly file: string;
  /** Index of the directory: later ones win. */
  readonly priority: number;
}

/** The devices that vendors have described on this host. Read anew for each container: plugged devices come and go. */
export class CdiRegistry {
  readonly #directories: readonly string[];
  readonly #specs: readonly KnownSpec[];
  /** Files that could not be read, and why. */
  readonly #broken: readonly string[];

  constructor(directories: readonly string[]) {
    this.#directories = directories;
    const read = directories.flatMap((directory, priority) =>
      filesIn(directory).map((file) => readSpec(file, priority)),
    );
    this.#specs = read.filter((spec) => typeof spec !== 'string');
    this.#broken = read.filter((spec) => typeof spec === 'string');
  }

  /** `vendor/class` of all devices, each once. */
  get kinds(): readonly string[] {
    return [...new Set(this.#specs.map(({ kind }) => kind))];
  }

  /** Names of the devices of a kind, in the order of their numbers. */
  devicesOf(kind: string): readonly string[] {
    const names = this.#specs
      .filter((spec) => spec.kind === kind)
      .flatMap(({ devices }) => devices.map(({ name }) => name));
    return [...new Set(names)].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /** What the devices change in a container, in their order; what a spec says for all of its devices comes once. */
  editsOf(names: readonly string[]): readonly CdiEdits[] {
    const found = names.map((name) => this.#find(name));
    const common = new Set(found.map(({ spec }) => spec));
    return [...found.map(({ edits }) => edits), ...[...common].flatMap(({ containerEdits }) => containerEdits ?? [])];
  }

  /** Where devices were looked for, and what was in the way. */
  describeSearch(): string {
    const problems = this.#broken.map((problem) => `; ${problem}`).join('');
    return `looked in ${this.#directories.join(' and ')}${problems}`;
  }

  #find(qualified: string): { readonly spec: KnownSpec; readonly edits: CdiEdits } {
    const [kind = '', name = ''] = qualified.split(/=(.*)/s, 2);
    const candidates = this.#specs
      .filter((spec) => spec.kind === kind)
      .flatMap((spec) =>
        spec.devices.filter((device) => device.name === name).map(({ containerEdits: edits }) => ({ spec, edits })),
      )
      .toSorted((a, b) => b.spec.priority - a.spec.priority);
    const [first, second] = candidates;
    if (first === undefined) {
      throw new TaskError('not-found', `devices: this host has no CDI device ${qualified}`, {
        hint: this.describeSearch(),
      });
    }
    if (second?.spec.priority === first.spec.priority) {
      throw new TaskError('conflict', `devices: ${qualified} is in ${first.spec.file} and in ${second.spec.file}`);
    }
    return first;
  }
}

function filesIn(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => /\.(json|ya?ml)$/.test(name));
    return names.toSorted().map((name) => join(directory, name));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

/** The problem instead, where there is one: other devices need not suffer from it. */
function readSpec(file: string, priority: number): KnownSpec | string {
  try {
    return { ...parseCdiSpec(readFileSync(file, 'utf8')), file, priority };
  } catch (error) {
    return `${file} is no CDI spec: ${(error as Error).message}`;
  }
}
