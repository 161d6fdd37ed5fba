import { request } from 'node:https';
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
  readonly isLearner?: boolean;
}

/** Asks a member of etcd for the members that it knows, on the port on which they speak with each other. */
export async function askForMembers(member: URL, identity: TlsIdentity): Promise<readonly PeerMember[]> {
  const text = await get(member, identity);
  try {
    return JSON.parse(text) as readonly PeerMember[];
  } catch (cause) {
    throw new TsstackError('unavailable', `ask the etcd at ${member.host} for its members: no list came`, { cause });
  }
}

function get(member: URL, identity: TlsIdentity): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerMs);
    // A connection of its own: certificates are renewed.
    const options = { agent: false as const, signal, ...secureOptions(identity) };
    const asked = request(new URL('/members', member), options, (response) => {
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
