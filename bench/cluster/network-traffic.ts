/**
 * A small program for measurements of networks, run inside network namespaces:
 *   drain PORT                takes what comes, and answers each connection with one byte when that is asked for with its first byte
 *   pour HOST PORT MS         sends as fast as it can, and prints how many bytes a second the other side has taken
 *   talk HOST PORT            says something every 10 ms until its input ends, prints a line when it has been answered, fails when it breaks
 *   knock HOST PORT COUNT     connects so often, one after the other, each time for one byte there and back; prints µs for each
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const chunk = Buffer.alloc(1 << 20, 1);
const question = Buffer.from([2]);

function drain(port: number): void {
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      if (data.length === 1 && data[0] === 2) socket.end('!');
    });
  }).listen(port, '0.0.0.0', () => process.stdout.write('ready\n'));
}

async function pour(host: string, port: number, forMs: number): Promise<void> {
  const socket = connect(port, host);
  await once(socket, 'connect');
  const begin = performance.now();
  while (performance.now() - begin < forMs) if (!socket.write(chunk)) await once(socket, 'drain');
  const seconds = (performance.now() - begin) / 1000;
  process.stdout.write(String((socket.bytesWritten - socket.writableLength) / seconds));
  process.exit();
}

async function knock(host: string, port: number, count: number): Promise<void> {
  const begin = performance.now();
  for (let number = 0; number < count; number += 1) {
    const socket = connect({ port, host, noDelay: true });
    socket.write(question);
    socket.resume();
    await once(socket, 'close');
  }
  process.stdout.write(String(((performance.now() - begin) * 1000) / count));
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

const [command, first = '', second = '', third = ''] = process.argv.slice(2);
if (command === 'drain') drain(Number(first));
else if (command === 'pour') await pour(first, Number(second), Number(third));
else if (command === 'talk') await talk(first, Number(second));
else if (command === 'knock') await knock(first, Number(second), Number(third));
