import { TsstackError } from '../model/errors.ts';
import { fileErrorText } from '../model/system-error.ts';
import { Daemon } from './daemon.ts';
import { readBuild, writeDaemonFacts, type DaemonFacts } from './daemon-facts.ts';
import { keepHeapSmall } from './heap-mode.ts';
import { parseDaemonOptions } from './options.ts';
import { ReadySignal } from './ready-signal.ts';
import { requireRoot } from './require-root.ts';
import { readVersion } from './version.ts';

/** Runs the daemon in this process until a signal ends it; sets the exit status. */
export async function runDaemon(argv: readonly string[]): Promise<void> {
  keepHeapSmall();
  const ready = new ReadySignal(process.env);
  try {
    requireRoot('start the daemon');
    const options = parseDaemonOptions(argv, process.env);
    const daemon = await Daemon.start(options);
    writeDaemonFacts(options.runRoot, ownFacts(ready.isAwaited));
    endOnSignals(daemon);
    endOnCrash(daemon);
    ready.ready();
  } catch (error) {
    ready.failed(error);
    process.stderr.write(`error: ${explain(error)}\n`);
    // What had been started before the failure must not keep the process alive.
    process.exit(1);
  }
}

function ownFacts(isBackground: boolean): DaemonFacts {
  const program = process.argv[1] ?? '';
  return { pid: process.pid, version: readVersion(), build: readBuild(program), program, isBackground };
}

/** The first signal stops in order, a second one at once. */
function endOnSignals(daemon: Daemon): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    daemon.log.info(`${signal}: stopping, containers run on`);
    daemon.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`error: ${explain(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // The terminal it was started from may go.
  process.on('SIGHUP', () => undefined);
}

/** A fault of ours: say it and end. Containers run on, and the next daemon takes everything up from what is stored. */
function endOnCrash(daemon: Daemon): void {
  process.on('uncaughtException', (error) => {
    daemon.log.error(`crashed: ${error.stack ?? error.message}`);
    process.exit(1);
  });
}

function explain(error: unknown): string {
  if (error instanceof TsstackError)
    return error.hint === undefined ? error.message : `${error.message}\nhint: ${error.hint}`;
  const fileError = fileErrorText(error);
  if (fileError !== null) return fileError;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
