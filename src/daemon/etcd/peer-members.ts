import { request } from 'node:https';
import { formatHostPort, memberAddressOf } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import { secureOptions, type TlsIdentity } from '../../rpc/secure/tls-material.ts';

/** Time for a member to answer. */
const answerMs = 2000;

/** Far more than the list of seven members. */
const longestAnswer = 1 << 20;

/** A member as the others know it. */
export interface PeerMember {
  /** Empty until it has been started. */
  readonly name: string;
  readonly peerURLs: readonly string[];
}

/** Asks the etcd of a manager for the members that it knows, on the port on which members speak with each other. */
export async function askForMembers(managerAddress: string, identity: TlsIdentity): Promise<readonly PeerMember[]> {
  const peer = memberAddressOf(managerAddress);
  if (peer === undefined) throw new TsstackError('internal', `"${managerAddress}" is no address of a manager`);
  const text = await get(peer, identity);
  try {
    return JSON.parse(text) as readonly PeerMember[];
  } catch (cause) {
    throw new TsstackError('unavailable', `ask the etcd at ${formatHostPort(peer)} for its members: no list came`, {
      cause,
    });
  }
}

function get({ host, port }: { readonly host: string; readonly port: number }, identity: TlsIdentity): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerMs);
    // A connection of its own: certificates are renewed.
    const options = { host, port, path: '/members', agent: false as const, signal, ...secureOptions(identity) };
    const asked = request(options, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > longestAnswer) asked.destroy(new RangeError('the answer is too long'));
        else parts.push(part);
      });
      response.once('end', () => resolve(Buffer.concat(parts).toString()));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}
