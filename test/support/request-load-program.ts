/**
 * Asks a server for /version so many times a second, each time by a connection of its own, until its input ends; then prints what came of it as JSON:
 *   request-load-program.ts HOST PORT PER_SECOND
 */
import { connect } from 'node:net';
import type { LoadResult } from './request-load.ts';

/** Longer than a lost packet takes to be sent again twice (1 s, then 2 s). */
const timeoutMs = 5000;

const [host = '', port = '', perSecond = ''] = process.argv.slice(2);
const answers: Record<string, number> = {};
const failures: Record<string, number> = {};
const pending = new Set<Promise<void>>();

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function ask(): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host, port: Number(port), timeout: timeoutMs });
    socket.end('GET /version HTTP/1.0\r\n\r\n');
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('timeout', () => socket.destroy(new Error('timeout')));
    socket.on('error', ({ message }) => (text = message));
    socket.on('close', () => {
      const [head = '', body] = text.split('\r\n\r\n');
      if (head.includes(' 200 ') && body !== undefined) count(answers, body.trim());
      else count(failures, text.slice(0, 100));
      resolve();
    });
  });
}

/** So many as the time since the beginning asks for: timers come late on a busy machine. */
function askDue(begin: number): void {
  const due = Math.floor(((performance.now() - begin) * Number(perSecond)) / 1000);
  for (; asked < due; asked += 1) {
    const visit = ask();
    pending.add(visit);
    void visit.finally(() => pending.delete(visit));
  }
}

let asked = 0;
await ask();
process.stdout.write('ready\n');
const begin = performance.now();
const timer = setInterval(() => askDue(begin), 5);
process.stdin.resume().on('end', () => {
  clearInterval(timer);
  void Promise.all(pending).then(() => {
    process.stdout.write(JSON.stringify({ answers, failures } satisfies LoadResult));
    process.exit();
  });
});
