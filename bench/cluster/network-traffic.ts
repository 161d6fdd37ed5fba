/**
 * A small program for measurements of networks, run inside network namespaces:
 *   drain PORT                    takes what comes
 *   pour PORT MS ROUNDS HOST…     sends to each host as fast as it can, and prints how many bytes a second the other side has taken
 *   talk HOST PORT                says something every 10 ms until its input ends, prints a line when it has been answered, fails when it breaks
 * What measures asks the hosts in turns, every other round backwards, so that what else the machine does meets all of them; it prints a row for each round.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const chunk = Buffer.alloc(1 << 20, 1);

function drain(port: number): void {
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
  }).listen(port, '0.0.0.0', () => process.stdout.write('ready\n'));
}

/** Bytes a second. */
async function pour(host: string, port: number, forMs: number): Promise<number> {
  const socket = connect(port, host);
  await once(socket, 'connect');
  const begin = performance.now();
  while (performance.now() - begin < forMs) if (!socket.write(chunk)) await once(socket, 'drain');
  const seconds = (performance.now() - begin) / 1000;
  const taken = socket.bytesWritten - socket.writableLength;
  socket.resetAndDestroy();
  return taken / seconds;
}

async function pourInTurns(settings: readonly string[]): Promise<void> {
  const [port, forMs, rounds] = settings.map(Number);
  const hosts = settings.slice(3);
  const rows: (readonly number[])[] = [];
  for (let round = 0; round < (rounds ?? 0); round += 1) {
    const figures = new Map<string, number>();
    for (const host of round % 2 === 0 ? hosts : hosts.toReversed())
      figures.set(host, await pour(host, port ?? 0, forMs ?? 0));
    rows.push(hosts.map((host) => figures.get(host) ?? Number.NaN));
  }
  process.stdout.write(JSON.stringify(rows));
}

/** Until its input ends; fails when the connection breaks before. */
async function talk(host: string, port: number): Promise<void> {
  const socket = connect({ port, host, noDelay: true });
  socket.once('data', () => process.stdout.write('talks\n'));
  socket.once('close', () => process.exit(1));
  const talking = setInterval(() => socket.write('x'), 10);
  process.stdin.resume();
  await once(process.stdin, 'end');
  clearInterval(talking);
  process.exit(0);
}

const [command, ...settings] = process.argv.slice(2);
const [first = '', second = ''] = settings;
if (command === 'drain') drain(Number(first));
else if (command === 'talk') await talk(first, Number(second));
else if (command === 'pour') await pourInTurns(settings);
