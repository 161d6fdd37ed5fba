import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Dockerd } from '../dockerd.ts';
import { EngineCgroup } from './engine-cgroup.ts';
import { runProgram, type ProgramResult } from '../run-program.ts';
import type { Engine } from './engine.ts';

/** Debian's docker.io with the box as a further runtime. */
export class Docker implements Engine {
  readonly missingInExec = 126;
  readonly runOptions = ['--runtime', 'box'];
  readonly #dockerd: Dockerd;
  readonly #cgroup: EngineCgroup;

  private constructor(dockerd: Dockerd, cgroup: EngineCgroup) {
    this.#dockerd = dockerd;
    this.#cgroup = cgroup;
  }

  /** `programs` is the directory of the native ones; `options` are further ones of dockerd. */
  static async start(programs: string, archive: string, ...options: readonly string[]): Promise<Docker> {
    const cgroup = new EngineCgroup();
    const runtime = ['--add-runtime', `box=${join(programs, 'tsstack-box')}`];
    const init = ['--init-path', join(programs, 'tsstack-init')];
    const dockerd = await Dockerd.start(...runtime, ...init, '--cgroup-parent', cgroup.name, ...options);
    const docker = new Docker(dockerd, cgroup);
    const { code, stderr } = await docker.client('load', '--input', archive);
    if (code === 0) return docker;
    await docker.dispose();
    throw new Error(`docker could not load ${archive}: ${stderr}`);
  }

  client(...args: readonly string[]): Promise<ProgramResult> {
    return runProgram('/usr/bin/docker', [...this.#host, ...args]);
  }

  // Not by `State.OOMKilled`: that is right only where containerd's word of the kill comes before that of the end, and nothing orders these.
  readonly oomKilled = async (awaited: string): Promise<readonly string[]> => {
    const format = ['--format', '{{.Actor.Attributes.name}}'];
    const watch = ['events', '--since', '0', '--filter', 'event=oom', ...format];
    const events = spawn('/usr/bin/docker', [...this.#host, ...watch], { stdio: ['ignore', 'pipe', 'inherit'] });
    const killed: string[] = [];
    for await (const name of createInterface({ input: events.stdout })) {
      killed.push(name);
      if (name === awaited) break;
    }
    events.kill();
    return killed;
  };

  specs(): readonly string[] {
    return globSync(join(dirname(this.#dockerd.socket), 'exec/containerd/daemon/*.task/moby/*/config.json'));
  }

  get #host(): readonly string[] {
    return ['--host', `unix://${this.#dockerd.socket}`];
  }

  leftovers(): readonly string[] {
    // The name is dockerd's, whatever the runtime.
    const records = globSync(join(dirname(this.#dockerd.socket), 'exec/runtime-*/moby/*'));
    return [...this.#cgroup.containers(), ...records];
  }

  async dispose(): Promise<void> {
    await this.#dockerd.stop();
    await this.#cgroup.remove();
  }
}
