/** Clients of a service that ask all the time, once by its name inside its network and once at its published port. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import type { TestHost } from './test-host.ts';

export interface Visits {
  /** Why each of those had no answer that had none. */
  readonly failures: readonly string[];
  /** What was answered. */
  readonly versions: ReadonlySet<string>;
}

export interface VisitorsOptions {
  /** Published on 127.0.0.1. */
  readonly port: number;
  readonly perSecond: number;
}

/** Asks by name until the file /stop is there; a line for each answer. The test image's wget knows addresses only. */
const asker = (perSecond: number): string =>
  [
    'rm -f /stop',
    'ask() {',
    "  address=$(nslookup -type=a web. | awk '/^Name/ { getline; print $2; exit }')",
    '  wget -q -O - "http://$address/version" || echo failed',
    `  usleep ${Math.round((insiders * 1e6) / perSecond)}`,
    '}',
    `for i in $(seq ${insiders}); do (while [ ! -e /stop ]; do ask; done) & done`,
    'wait',
  ].join('\n');

/** Those who ask by name do it one after the other, which takes each some 20 ms. */
const insiders = 4;

export class Visitors {
  readonly #host: TestHost;
  readonly #file: string;
  readonly #options: VisitorsOptions;
  readonly #answers: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #pending = new Set<Promise<void>>();
  #insider: ChildProcess | undefined;
  #insiderAnswers = '';

  constructor(host: TestHost, file: string, options: VisitorsOptions) {
    this.#host = host;
    this.#file = file;
    this.#options = options;
  }

  /** Resolves when the first have been answered. */
  async begin(): Promise<void> {
    const { perSecond } = this.#options;
    this.#insider = this.#host.spawn(['-f', this.#file, 'exec', '-T', 'visitor', 'sh', '-c', asker(perSecond)]);
    this.#insider.stdout?.on('data', (chunk: Buffer) => (this.#insiderAnswers += chunk.toString()));
    const spoke = this.#insider.stdout === null ? undefined : once(this.#insider.stdout, 'data');
    this.#timer = setInterval(() => this.#ask(), 1000 / perSecond);
    this.#ask();
    await Promise.all([...this.#pending, spoke]);
  }

  /** Resolves to how it went, from the begin to now. */
  async end(): Promise<{ readonly byName: Visits; readonly byPort: Visits }> {
    clearInterval(this.#timer);
    await this.#host.ok(['-f', this.#file, 'exec', '-T', 'visitor', 'touch', '/stop']);
    await Promise.all([...this.#pending, this.#insider?.exitCode === null ? once(this.#insider, 'close') : undefined]);
    const lines = this.#insiderAnswers.split('\n').filter((line) => line !== '');
    return { byName: summary(lines), byPort: summary(this.#answers) };
  }

  #ask(): void {
    const visit = ask(this.#options.port).then((answer) => void this.#answers.push(answer));
    this.#pending.add(visit);
    void visit.finally(() => this.#pending.delete(visit));
  }
}

function summary(answers: readonly string[]): Visits {
  const failures = answers.filter((answer) => answer.startsWith('failed'));
  return { failures, versions: new Set(answers.filter((answer) => !failures.includes(answer))) };
}

/** A slow machine answers late, which is no loss. */
const patienceMs = 20_000;

/** What the server says, or `failed` and why. A connection of its own for each. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port, path: '/version', agent: false, timeout: patienceMs },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('error', ({ message }) => resolve(`failed: ${message}, after "${text}"`));
        response.on('end', () => resolve(response.statusCode === 200 ? text.trim() : `failed: ${response.statusCode}`));
      },
    );
    request.on('timeout', () => request.destroy(new Error(`silent for ${patienceMs} ms`)));
    request.on('error', ({ message }) => resolve(`failed: ${message}`));
  });
}
