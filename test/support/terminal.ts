import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { launcher, type TestHost } from './test-host.ts';

export interface TerminalOptions {
  /** Typed once the terminal has shown `after`. */
  readonly typed?: { readonly after: RegExp; readonly text: string };
  readonly timeoutMs?: number;
}

/**
 * Runs a shell script on a terminal of its own (util-linux `script`), in which `tsstack` is the command line of the host. The output is what
 * the terminal showed: both streams, lines ended by CR LF.
 */
export async function runInTerminal(
  host: TestHost,
  script: string,
  { typed, timeoutMs = 60_000 }: TerminalOptions = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('script', ['-qec', `tsstack() { ${launcher} "$@"; }; ${script}`, '/dev/null'], {
    cwd: host.directory,
    env: { ...host.env, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let output = '';
  let isTyped = false;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (typed === undefined || isTyped || !typed.after.test(output)) return;
    isTyped = true;
    child.stdin.write(typed.text);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal !== null) throw new Error(`the script in the terminal did not end within ${timeoutMs} ms:\n${output}`);
  return { code, output };
}
