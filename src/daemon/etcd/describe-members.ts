import type { EtcdMembers, Member } from '../../manager/store/etcd/members.ts';
import type { StoreMember } from '../../rpc/messages.ts';
import type { TlsIdentity } from '../../rpc/secure/tls-material.ts';
import { askForMembers } from './peer-members.ts';

/** How the members of the managed etcd do, as seen from this host, whose own is at that URL. */
export async function describeMembers(
  etcd: EtcdMembers,
  own: URL,
  identity: TlsIdentity,
): Promise<readonly StoreMember[]> {
  const [members, leader] = await Promise.all([
    etcd.list().catch(() => listWithoutLeader(own, identity)),
    etcd.leader().catch(() => ''),
  ]);
  const described = members.map(async (member) => {
    const url = new URL(member.peerUrls[0] ?? '');
    return { address: url.host, state: await stateOf(member, url, leader, identity) };
  });
  return (await Promise.all(described)).toSorted((a, b) => (a.address < b.address ? -1 : 1));
}

async function stateOf(member: Member, url: URL, leader: string, identity: TlsIdentity): Promise<StoreMember['state']> {
  const isThere = await askForMembers(url, identity).then(
    () => true,
    () => false,
  );
  if (!isThere) return 'does not answer';
  if (member.isLearner) return 'catching up';
  return leader !== '' && member.id === leader ? 'leader' : 'follower';
}

/** Nothing of etcd's own interface answers while there is no leader. Ids are of use only to find that one. */
async function listWithoutLeader(own: URL, identity: TlsIdentity): Promise<readonly Member[]> {
  const members = await askForMembers(own, identity);
  return members.map(({ name, peerURLs, isLearner = false }) => ({ id: '', name, peerUrls: [...peerURLs], isLearner }));
}
