import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a daemon leaves in its run root for commands that have to know whose code it runs. */
export interface DaemonFacts {
  readonly pid: number;
  readonly version: string;
  /** The bundle and the native programs that it was started from; empty when it runs from the sources. */
  readonly build: string;
  /** Its script. */
  readonly program: string;
  /** Started by a command that needed one, not by hand: then a command may start it anew. */
  readonly isBackground: boolean;
}

const names = { facts: 'daemon.json', pid: 'daemon.pid' } as const;

export function writeDaemonFacts(runRoot: string, facts: DaemonFacts): void {
  writeFileSync(join(runRoot, names.facts), `${JSON.stringify(facts)}\n`);
  writeFileSync(join(runRoot, names.pid), `${facts.pid}\n`);
}

export function removeDaemonFacts(runRoot: string): void {
  for (const name of Object.values(names)) rmSync(join(runRoot, name), { force: true });
}

/** Null when there are none, or none that this program understands. One that was killed leaves them behind: its pid tells. */
export function readDaemonFacts(runRoot: string): DaemonFacts | null {
  try {
    return JSON.parse(readFileSync(join(runRoot, names.facts), 'utf8')) as DaemonFacts;
  } catch {
    return null;
  }
}

/** The bundle, with the native programs beside it, that a script belongs to (tools/build.ts writes it down); empty for the sources. */
export function readBuild(program: string): string {
  try {
    return readFileSync(join(dirname(program), '../.complete'), 'utf8').split('\n')[1] ?? '';
  } catch {
    return '';
  }
}
