import { globSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { untilGone } from '../test-host.ts';

let count = 0;

/** A parent for the cgroups of an engine's containers, below the tests' own cgroup, that no other engine has. */
export class EngineCgroup {
  readonly name = `tsstack-engine-${process.pid}-${++count}`;

  /** Cgroups of containers in it. */
  containers(): readonly string[] {
    return this.#directories('/*/');
  }

  /** Ends what a failed test has left in it, and takes it away in every hierarchy: no runtime does. */
  async remove(): Promise<void> {
    const left = this.containers();
    const pids = left.flatMap((directory) => readFileSync(join(directory, 'cgroup.procs'), 'utf8').match(/\d+/g) ?? []);
    for (const pid of new Set(pids.map(Number))) {
      process.kill(pid, 'SIGKILL');
      await untilGone(pid);
    }
    for (const directory of [...left, ...this.#directories('/')]) rmdirSync(directory);
  }

  #directories(below: string): readonly string[] {
    return globSync(`/sys/fs/cgroup/**/${this.name}${below}`);
  }
}
