/** Which members a managed etcd is to have: one for each manager. Pure. */
import type { NodeObject } from '../../model/objects.ts';
import { memberUrl } from '../store/etcd/member-url.ts';
import type { Member } from '../store/etcd/members.ts';

export type MemberStep =
  | { readonly type: 'remove'; readonly member: Member }
  | { readonly type: 'promote'; readonly member: Member }
  | { readonly type: 'add'; readonly url: string };

/** The next steps, in order. Removals come first, since each one that is gone is waited for no more; etcd takes in one newcomer at a time. */
export function planMembers(nodes: readonly NodeObject[], members: readonly Member[]): readonly MemberStep[] {
  const wanted = new Set(
    nodes.flatMap(({ managerAddress }) => (managerAddress === '' ? [] : [memberUrl(managerAddress)])),
  );
  // A store without managers is one that nobody could have written here.
  if (wanted.size === 0) return [];
  const steps: MemberStep[] = members
    .filter(({ peerUrls }) => !peerUrls.some((url) => wanted.has(url)))
    .map((member) => ({ type: 'remove', member }));
  const kept = members.filter(({ peerUrls }) => peerUrls.some((url) => wanted.has(url)));
  const newcomer = kept.find(({ isLearner }) => isLearner);
  // Before its first start it has no name, and nothing that could be caught up.
  if (newcomer !== undefined) return newcomer.name === '' ? steps : [...steps, { type: 'promote', member: newcomer }];
  const missing = Array.from(wanted).find((url) => !kept.some(({ peerUrls }) => peerUrls.includes(url)));
  return missing === undefined ? steps : [...steps, { type: 'add', url: missing }];
}

/** Whether a newcomer has yet to start or to catch up, of which etcd does not tell. */
export function isUnsettled(members: readonly Member[]): boolean {
  return members.some(({ isLearner }) => isLearner);
}
