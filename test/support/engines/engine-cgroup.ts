import { globSync, rmdirSync } from 'node:fs';

let count = 0;

/** A parent for the cgroups of an engine's containers, below the tests' own cgroup, that no other engine has. */
export class EngineCgroup {
  readonly name = `tsstack-engine-${process.pid}-${++count}`;

  /** Cgroups of containers in it. */
  containers(): readonly string[] {
    return this.#directories('/*/');
  }

  /** Takes the parent itself away, in every hierarchy: no runtime does. */
  remove(): void {
    for (const directory of this.#directories('/')) rmdirSync(directory);
  }

  #directories(below: string): readonly string[] {
    return globSync(`/sys/fs/cgroup/**/${this.name}${below}`);
  }
}
