import { connect } from 'node:net';

/** One line to the service `store`, one line back. */
export function ask(line) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: process.env.STORE ?? 'store', port: 7000, timeout: 3000 }, () => socket.write(`${line}\n`));
    let reply = '';
    socket.on('data', (data) => (reply += data));
    socket.on('timeout', () => socket.destroy(new Error('the store does not answer')));
    socket.on('error', reject);
    socket.on('end', () => resolve(reply.trim()));
  });
}
