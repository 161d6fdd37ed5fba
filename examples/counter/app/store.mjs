// A store of one number: INIT n (only when there is none yet), GET, ADD n. One line in, one line out.
import { createServer } from 'node:net';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const file = '/data/number';

function read() {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function write(value) {
  writeFileSync(`${file}.new`, String(value));
  renameSync(`${file}.new`, file);
  return value;
}

function answer(line) {
  const [word, argument] = line.trim().split(' ');
  if (word === 'INIT') return read() ?? write(Number(argument));
  if (word === 'ADD') return write((read() ?? 0) + Number(argument));
  return read() ?? 0;
}

createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (data) => socket.end(`${answer(String(data))}\n`));
}).listen(7000, () => console.log('store: listening on 7000, number is', read()));
