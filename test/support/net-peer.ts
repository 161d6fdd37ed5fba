/**
 * A small program for network tests, run inside network namespaces:
 *   serve tcp[6]|udp[6] PORT     answers everyone with the address that the request came from; with 6 in both families
 *   answer PORT TEXT             answers every connection with the text
 *   tally HOST PORT COUNT        connects so often, one after the other, and prints how often each answer came, as JSON
 *   talk HOST PORT               sends `echo` a number ten times a second in one connection, and prints what comes back
 *   rest HOST PORT               sends `echo` a number, and at each SIGUSR2 another one in the same connection
 *   echo PORT                    sends everything back
 *   ask tcp|udp HOST PORT        prints the answer of `serve`
 *   nag HOST PORT                asks over UDP from one port, ten times a second, and prints each answer from there as a line
 *   reply PORT TEXT [TIMES]      answers every datagram with the text, so often, 10 ms apart
 *   survey HOST PORT COUNT       as tally, over UDP, each time from another port
 *   name-server ADDRESS          a name server that knows one answer to everything; see `answerOf`
 *   lookup udp|tcp NAME TYPE     asks 127.0.0.11 and prints {"code", "truncated", "answers"}
 */
import { createSocket } from 'node:dgram';
import { connect, createServer, isIPv6 } from 'node:net';
import { buildAnswer, buildQuery, readAnswer, readQuestion } from './dns-wire.ts';

/** To whom nothing is let through is not answered for so long; the kernel at the other side answers at once, however busy its programs are. */
const connectMs = 2000;
/** Only bounds a failing test: programs of a busy machine may have to wait for a processor. */
const answerMs = 8000;
const tickMs = 50;

function serve(protocol: string, port: number): void {
  const [type, everyAddress] = protocol.endsWith('6') ? (['udp6', '::'] as const) : (['udp4', '0.0.0.0'] as const);
  if (protocol.startsWith('tcp')) {
    createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(socket.remoteAddress ?? '');
    }).listen(port, everyAddress, ready);
    return;
  }
  const socket = createSocket(type, (_, { address, port: from }) => socket.send(address, from, address));
  socket.bind(port, everyAddress, ready);
}

function answer(port: number, text: string): void {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(text);
  }).listen(port, '0.0.0.0', ready);
}

async function tally(host: string, port: number, count: number): Promise<void> {
  const answers: Record<string, number> = {};
  for (let number = 0; number < count; number += 1) {
    const text = await new Promise<string>((resolve) => {
      const socket = connect(port, host);
      socket.once('data', (data: Buffer) => resolve(data.toString()));
      socket.once('error', (error) => resolve(error.message));
    });
    answers[text] = (answers[text] ?? 0) + 1;
  }
  process.stdout.write(JSON.stringify(answers));
  process.exit();
}

function echo(port: number): void {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  }).listen(port, '0.0.0.0', ready);
}

function talk(host: string, port: number): void {
  const socket = connect(port, host);
  socket.pipe(process.stdout);
  let number = 0;
  setInterval(() => socket.write(`${number++}\n`), 100);
}

function rest(host: string, port: number): void {
  const socket = connect(port, host);
  socket.pipe(process.stdout);
  let number = 0;
  const send = (): void => void socket.write(`${number++}\n`);
  process.on('SIGUSR2', send);
  send();
}

function ask(protocol: string, host: string, port: number): void {
  if (protocol === 'tcp') {
    const socket = connect(port, host);
    failAfter(connectMs, () => socket.connecting);
    socket
      .on('data', (data) => process.stdout.write(data))
      .on('error', (error) => {
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 1;
      });
    return;
  }
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4', (data) => {
    process.stdout.write(data);
    socket.close();
  });
  socket.send('?', port, host);
}

function nag(host: string, port: number): void {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4', (data) => process.stdout.write(`${data.toString()}\n`));
  // Refused as long as nobody listens.
  socket.on('error', () => undefined);
  socket.connect(port, host, () => setInterval(() => socket.send('?'), 100));
}

function reply(port: number, text: string, times: number): void {
  const socket = createSocket('udp4', (_, { address, port: from }) => {
    for (let time = 0; time < times; time += 1) setTimeout(() => socket.send(text, from, address), time * 10);
  });
  socket.bind(port, ready);
}

async function survey(host: string, port: number, count: number): Promise<void> {
  const answers: Record<string, number> = {};
  for (let number = 0; number < count; number += 1) {
    const text = await new Promise<string>((resolve) => {
      const socket = createSocket('udp4', (data) => {
        resolve(data.toString());
        socket.close();
      });
      socket.on('error', (error) => resolve(error.message));
      socket.connect(port, host, () => socket.send('?'));
    });
    answers[text] = (answers[text] ?? 0) + 1;
  }
  process.stdout.write(JSON.stringify(answers));
  process.exit();
}

/** `big…`: cut over UDP, whole over TCP. `absent…`: there is no such name. `broken…`: a failure from the server at 192.0.2.53, an answer from others. */
function answerOf(query: Buffer, own: string, overTcp: boolean): Buffer {
  const { name } = readQuestion(query);
  if (name.startsWith('broken') && own === '192.0.2.53') return buildAnswer(query, { code: 2, addresses: [] });
  if (name.startsWith('absent')) return buildAnswer(query, { code: 3, addresses: [] });
  const isCut = name.startsWith('big') && !overTcp;
  return buildAnswer(query, { code: 0, addresses: isCut ? [] : ['203.0.113.9'], truncated: isCut });
}

function serveNames(own: string): void {
  const socket = createSocket('udp4', (query, { address, port }) =>
    socket.send(answerOf(query, own, false), port, address),
  );
  createServer((client) => {
    client.on('data', (data: Buffer) => {
      const answer = answerOf(data.subarray(2), own, true);
      client.end(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]));
    });
  }).listen(53, own, () => socket.bind(53, own, ready));
}

function lookUp(protocol: string, name: string, type: string): void {
  const query = buildQuery(name, Number(type));
  const print = (answer: Buffer): void => void process.stdout.write(JSON.stringify(readAnswer(answer)));
  if (protocol === 'tcp') {
    const parts: Buffer[] = [];
    const socket = connect(53, '127.0.0.11', () =>
      socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query])),
    );
    socket.on('data', (data: Buffer) => {
      parts.push(data);
      const all = Buffer.concat(parts);
      if (all.length < 2 || all.length < all.readUInt16BE(0) + 2) return;
      print(all.subarray(2));
      socket.destroy();
    });
    return;
  }
  const socket = createSocket('udp4', (answer) => {
    print(answer);
    socket.close();
  });
  socket.send(query, 53, '127.0.0.11');
}

function ready(): void {
  process.stdout.write('ready\n');
}

/**
 * Ends the program when by then there is still no answer. In ticks, which come late but never two at once: time in which this process does not get to
 * run does not count.
 */
function failAfter(milliseconds: number, isSilent: () => boolean): void {
  let ticks = milliseconds / tickMs;
  setInterval(() => {
    ticks -= 1;
    if (ticks > 0 || !isSilent()) return;
    process.stderr.write('no answer\n');
    process.exit(1);
  }, tickMs).unref();
}

const [command, first = '', second = '', third = ''] = process.argv.slice(2);
if (command === 'serve') serve(first, Number(second));
else if (command === 'name-server') serveNames(first);
else if (command === 'nag') nag(first, Number(second));
else if (command === 'reply') reply(Number(first), second, Number(third || 1));
else if (command === 'survey') void survey(first, Number(second), Number(third));
else if (command === 'answer') answer(Number(first), second);
else if (command === 'tally') void tally(first, Number(second), Number(third));
else if (command === 'rest') rest(first, Number(second));
else if (command === 'echo') echo(Number(first));
else if (command === 'talk') talk(first, Number(second));
else if (command === 'ask') {
  ask(first, second, Number(third));
  failAfter(answerMs, () => true);
} else if (command === 'lookup') {
  lookUp(first, second, third);
  failAfter(answerMs, () => true);
}
