import { TaskError } from '../errors.ts';
import type { OciUser } from './oci-spec.ts';

/** The text of the container's own /etc/passwd and /etc/group; empty when it has none. */
export interface UserDatabase {
  readonly passwd: string;
  readonly group: string;
}

export interface ResolvedUser extends OciUser {
  /** Home directory, `/` when the user has no entry. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Largest id that Linux accepts: -1 means "no change" to setresuid. */
const maxId = 2 ** 32 - 2;

/**
 * Turns `user`, `uid`, `user:group`, `uid:gid`, … and `group_add` into numbers by the container's own databases. A user known
 * there brings its supplementary groups along unless a group was named, as elsewhere in this field.
 */
export function resolveUser(user: string, groupAdd: readonly string[], database: UserDatabase): ResolvedUser {
  const [wantedUser = '', wantedGroup = ''] = user.split(':', 2);
  const groups = parseGroups(database.group);
  const entry = findUser(wantedUser, parsePasswd(database.passwd));
  const gid = wantedGroup === '' ? (entry?.gid ?? 0) : findGroup(wantedGroup, groups, 'user');
  const memberOf =
    wantedGroup === '' && entry !== undefined
      ? groups.filter((group) => group.members.includes(entry.name)).map((group) => group.gid)
      : [];
  const added = groupAdd.map((name) => findGroup(name, groups, 'group_add'));
  return {
    uid: entry?.uid ?? parseId(wantedUser === '' ? '0' : wantedUser, 'user'),
    gid,
    // The group itself, too: a set-gid program could drop it else, and pass where only that group is kept out (CVE-2022-36109).
    additionalGids: [...new Set([gid, ...memberOf, ...added])],
    home: entry?.home || '/',
  };
}

function findUser(wanted: string, entries: readonly PasswdEntry[]): PasswdEntry | undefined {
  const key = wanted === '' ? '0' : wanted;
  const entry = entries.find((candidate) => candidate.name === key) ?? entries.find((c) => String(c.uid) === key);
  if (entry === undefined && !isNumber(key)) {
    throw new TaskError('invalid', `user: the image has no user ${wanted}`, {
      hint: 'name one that is in its /etc/passwd, or give a numeric id',
    });
  }
  return entry;
}

function findGroup(wanted: string, groups: readonly GroupEntry[], attribute: string): number {
  const entry = groups.find((candidate) => candidate.name === wanted);
  if (entry !== undefined) return entry.gid;
  if (isNumber(wanted)) return parseId(wanted, attribute);
  throw new TaskError('invalid', `${attribute}: the image has no group ${wanted}`, {
    hint: 'name one that is in its /etc/group, or give a numeric id',
  });
}

/** The entries of an /etc/passwd (passwd(5)); lines that are none are left out. */
export function parsePasswd(text: string): PasswdEntry[] {
  return parseLines(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) =>
    isNumber(uid) && isNumber(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
}

function parseGroups(text: string): GroupEntry[] {
  return parseLines(text).flatMap(([name = '', , gid = '', members = '']) =>
    isNumber(gid) ? [{ name, gid: Number(gid), members: members.split(',') }] : [],
  );
}

function parseLines(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function parseId(text: string, attribute: string): number {
  const id = Number(text);
  if (id > maxId) throw new TaskError('invalid', `${attribute}: ${text} is too large for a user or group id`);
  return id;
}
