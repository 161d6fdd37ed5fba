import { connect } from 'node:net';

/** UDP port of the tunnels between nodes; on TCP nobody listens there, which a host that is there says at once. */
const tunnelPort = 4789;
const answerMs = 2000;

/** Whether a host answers at an address: it accepts a connection or refuses it. What is lost on the way comes to nothing. */
export function isReachable(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: tunnelPort, timeout: answerMs });
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED'));
  });
}

/** What to tell who advertises an address at which nobody answers. */
export async function addressWarnings(address: string): Promise<readonly string[]> {
  if (await isReachable(address)) return [];
  return [
    `no answer from ${address}, the address that this host advertises: networks between hosts will not reach it; name another one with \`tsstack cluster address ADDRESS\``,
  ];
}
