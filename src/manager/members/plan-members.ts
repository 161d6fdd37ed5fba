/** Which members a managed etcd is to have: one for each manager. Pure. */
import type { NodeObject } from '../../model/objects.ts';
import { memberUrl } from '../store/etcd/member-url.ts';
import type { Member } from '../store/etcd/members.ts';

export type MemberStep =
  | { readonly type: 'remove'; readonly member: Member }
  | { readonly type: 'move'; readonly member: Member; readonly url: string }
  | { readonly type: 'promote'; readonly member: Member }
  | { readonly type: 'add'; readonly url: string };

/**
 * The next steps, in order. Removals come first, since each one that is gone is waited for no more; etcd takes in one newcomer at a time. A member
 * has its node's id for a name once it has started.
 */
export function planMembers(nodes: readonly NodeObject[], members: readonly Member[]): readonly MemberStep[] {
  const wanted = new Map(
    nodes.flatMap(({ id, managerAddress }) =>
      managerAddress === '' ? [] : [[id, memberUrl(managerAddress)] as const],
    ),
  );
  // A store without managers is one that nobody could have written here.
  if (wanted.size === 0) return [];
  const urlOf = (member: Member): string | undefined => wantedUrl(member, wanted);
  const kept = members.filter((member) => urlOf(member) !== undefined);
  const steps: MemberStep[] = members
    .filter((member) => !kept.includes(member))
    .map((member) => ({ type: 'remove', member }));
  for (const member of kept) {
    const url = urlOf(member);
    if (url !== undefined && !member.peerUrls.includes(url)) steps.push({ type: 'move', member, url });
  }
  const newcomer = kept.find(({ isLearner }) => isLearner);
  // Before its first start it has no name, and nothing that could be caught up.
  if (newcomer !== undefined) return newcomer.name === '' ? steps : [...steps, { type: 'promote', member: newcomer }];
  const missing = [...wanted.values()].find((url) => !kept.some((member) => urlOf(member) === url));
  return missing === undefined ? steps : [...steps, { type: 'add', url: missing }];
}

/** Where the member is to be; undefined when it is no manager's. */
function wantedUrl({ name, peerUrls }: Member, wanted: ReadonlyMap<string, string>): string | undefined {
  return wanted.get(name) ?? [...wanted.values()].find((url) => peerUrls.includes(url));
}

/** Whether a newcomer has yet to start or to catch up, of which etcd does not tell. */
export function isUnsettled(members: readonly Member[]): boolean {
  return members.some(({ isLearner }) => isLearner);
}
