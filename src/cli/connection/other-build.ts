import { existsSync } from 'node:fs';
import type { DaemonFacts } from '../../daemon/daemon-facts.ts';
import { TsstackError } from '../../model/errors.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { tsstackVersion } from '../version.ts';
import { endDaemon } from './end-daemon.ts';

export interface OtherBuild {
  readonly control: ControlClient;
  /** What the daemon that answers has left about itself. */
  readonly facts: DaemonFacts;
  /** The script of this command. */
  readonly program: string;
  /** The command would have started a daemon, had none run. */
  readonly mayStart: boolean;
  /** Starts one, or finds the one that somebody else has started meanwhile. */
  readonly start: () => Promise<ControlClient>;
}

/**
 * What to do about a daemon that runs other code than this command: one that some command has started, and whose program has since been
 * replaced by this one, is started anew, which no container notices. A daemon that was started by hand, or that belongs to another
 * installation, is its owner's business: a warning when the versions differ.
 */
export async function meetOtherBuild(io: CommandContext['io'], other: OtherBuild): Promise<ControlClient> {
  const { control, facts, program, mayStart, start } = other;
  const isReplaced = facts.program === program || !existsSync(facts.program);
  if (!mayStart || !facts.isBackground || !isReplaced || process.geteuid?.() !== 0) {
    if (facts.version !== tsstackVersion())
      io.stderr.write(
        `Warning: the daemon is tsstack ${facts.version}, this command ${tsstackVersion()}; ${advice(facts)}\n`,
      );
    return control;
  }
  const pid = await askPid(control);
  // The facts are of one that was killed, or somebody else has started it anew since they were read.
  if (pid !== null && pid !== facts.pid) return control;
  io.stderr.write('tsstack has changed since its daemon was started: starting it anew, containers run on\n');
  control.close();
  await endDaemon(facts.pid);
  return start();
}

function advice({ isBackground, pid }: DaemonFacts): string {
  return isBackground
    ? '`tsstack daemon --stop` ends it, the next `tsstack up` starts the new one; containers run on'
    : `start it anew (process ${pid}); containers run on`;
}

/** Null when it is just ending. */
async function askPid(control: ControlClient): Promise<number | null> {
  try {
    return (await control.getInfo({})).pid;
  } catch (error) {
    if (error instanceof TsstackError && error.code === 'unavailable') return null;
    throw error;
  }
}
