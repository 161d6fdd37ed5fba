import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { requireRoot } from '../../daemon/require-root.ts';
import { TsstackError } from '../../model/errors.ts';
import { waitForSocket } from './wait-for-socket.ts';

/** Where a new daemon finds the descriptor on which it says that it is ready: one line, `{"ready":true}` or `{"error":{…}}`. */
const readyFdVariable = 'TSSTACK_READY_FD';

/** A manager whose etcd finds none of the others takes some 10 s to be ready, and a busy machine makes that more. */
const startDeadlineMs = 30_000;
/** How long the daemon that holds the place has to answer before another one is tried: it may have been about to end. */
const holderMs = 2000;
const shownLogLines = 15;

/** What the daemon may know of the environment that happened to start it; the rest is the user's, and it lives longer than the user's session. */
const passedVariables =
  /^(PATH|HOME|LANG|LC_.*|TMPDIR|TZ|TSSTACK_.*|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|(https?|no|all)_proxy)$/i;

export interface DaemonStart {
  readonly host: string;
  readonly dataRoot: string;
  readonly runRoot: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Script that understands `daemon`. Default: the one of this process. */
  readonly program?: string;
}

/** Starts the daemon in the background, detached, and resolves when it answers. */
export async function startDaemon(start: DaemonStart): Promise<void> {
  requireRoot('start the daemon');
  mkdirSync(start.dataRoot, { recursive: true, mode: 0o710 });
  const logPath = join(start.dataRoot, 'daemon.log');
  const log = openSync(logPath, 'a', 0o640);
  const logStart = fstatSync(log).size;
  const deadline = AbortSignal.timeout(startDeadlineMs);
  try {
    for (;;) {
      const answer = await firstLine(spawnDaemon(start, log), deadline);
      if (answer.kind === 'ready') return;
      // Two commands started at once: the daemon of the other one holds the place, and will answer.
      if (answer.kind !== 'failed' || answer.code !== 'exists')
        throw startError(answer, start, () => lastLines(logPath, logStart));
      if (await holderAnswers(start.host, deadline)) return;
    }
  } finally {
    closeSync(log);
  }
}

function spawnDaemon(start: DaemonStart, log: number): ChildProcess {
  const env = Object.fromEntries(Object.entries(start.env).filter(([name]) => passedVariables.test(name)));
  const roots = ['--data-root', start.dataRoot, '--run-root', start.runRoot];
  // Not the options of this process: those are for commands, which live for a moment.
  const argv = [
    '--disable-warning=ExperimentalWarning',
    '--',
    start.program ?? process.argv[1] ?? '',
    'daemon',
    '--host',
    start.host,
    ...roots,
  ];
  const child = spawn(process.execPath, argv, {
    detached: true,
    cwd: '/',
    env: { ...env, [readyFdVariable]: '3' },
    stdio: ['ignore', log, log, 'pipe'],
  });
  child.unref();
  return child;
}

type Answer =
  | { readonly kind: 'ready' | 'gone' | 'late' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint?: string };

/** What the daemon says on its ready pipe; its end without a word is an answer too. */
async function firstLine(child: ChildProcess, deadline: AbortSignal): Promise<Answer> {
  const pipe = child.stdio[3] as Readable;
  const late = Promise.withResolvers<Answer>();
  deadline.addEventListener('abort', () => late.resolve({ kind: 'late' }), { once: true });
  const failed = new Promise<Answer>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'failed', code: 'internal', message: error.message }));
  });
  const answer = await Promise.race([readAnswer(pipe), failed, late.promise]);
  pipe.destroy();
  return answer;
}

async function readAnswer(pipe: Readable): Promise<Answer> {
  let text = '';
  for await (const chunk of pipe) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  if (text.trim() === '') return { kind: 'gone' };
  const answer = JSON.parse(text) as { ready?: boolean; error?: { code: string; message: string; hint?: string } };
  if (answer.error !== undefined) return { kind: 'failed', ...answer.error };
  return { kind: 'ready' };
}

/** False when it has not, and may have ended. */
async function holderAnswers(host: string, deadline: AbortSignal): Promise<boolean> {
  try {
    await waitForSocket(host, holderMs);
    return true;
  } catch (error) {
    if (!(error instanceof TsstackError) || error.code !== 'timeout') throw error;
    if (!deadline.aborted) return false;
    const message = `wait for the daemon at ${host}: no answer after ${startDeadlineMs / 1000} s`;
    throw new TsstackError('timeout', message, error.hint === undefined ? {} : { hint: error.hint });
  }
}

function startError(answer: Answer, start: DaemonStart, log: () => string): TsstackError {
  // A daemon that told why it failed may not have come to writing its log yet.
  const lines = answer.kind === 'failed' ? '' : log();
  const hint = answer.kind === 'failed' ? answer.hint : undefined;
  return new TsstackError('unavailable', `start the daemon: ${reasonOf(answer)}${lines === '' ? '' : `\n${lines}`}`, {
    hint: hint ?? `its log is ${join(start.dataRoot, 'daemon.log')}`,
  });
}

function reasonOf(answer: Answer): string {
  if (answer.kind === 'failed') return answer.message;
  return answer.kind === 'late' ? `it is not ready after ${startDeadlineMs / 1000} s` : 'it ended at once';
}

/** The last lines that this start added to the log. */
function lastLines(path: string, from: number): string {
  const lines = readFileSync(path).subarray(from).toString().trimEnd().split('\n');
  return lines
    .slice(-shownLogLines)
    .map((line) => `  ${line}`.trimEnd())
    .join('\n')
    .trimEnd();
}
