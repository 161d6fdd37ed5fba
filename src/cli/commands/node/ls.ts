import { shortId } from '../../../model/ids.ts';
import { newerStoreProblem } from '../../../model/newer-store.ts';
import type { NodeObject } from '../../../model/objects.ts';
import { connect } from '../../connection/connect.ts';
import { defineVerb, type CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { readRowFormat, rowFormatFlag } from '../../output/format-flag.ts';
import { listText, type List } from '../../output/list-text.ts';
import { formatSpan } from '../../output/units.ts';
import { writeWarnings } from '../../output/write-warnings.ts';
import { writeOutput } from '../../output/write-output.ts';
import { listObjects } from '../../tasks/list-tasks.ts';

const flags = {
  filter: {
    type: 'strings',
    value: 'FILTER',
    help: 'Show only some: id=, name=, role=, state=, availability= or label=',
  },
  format: rowFormatFlag,
  quiet: { type: 'boolean', short: 'q', help: 'Print only the ids' },
} as const;

/** `tsstack node ls` */
export const ls = defineVerb({ name: 'node ls', usage: '', arity: [0, 0], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const format = readRowFormat(context.flags.format);
  const isWanted = nodeFilter(context.flags.filter);
  const view = await listObjects(await connect(context, 'if-known'), '', ['node']);
  const all = view.ofKind('node');
  const leader = view.leader || onlyManager(all);
  const nodes = all.filter(isWanted).toSorted((a, b) => (`${a.hostname} ${a.id}` < `${b.hostname} ${b.id}` ? -1 : 1));
  await writeOutput(context.io.stdout, listText(listOf(nodes, leader), context.flags.quiet, format));
  const problem = newerStoreProblem(nodes);
  writeWarnings(context.io, [
    ...(problem === '' ? [] : [problem]),
    ...nodes.flatMap(roleProblem),
    ...nodes.flatMap(addressProblem),
  ]);
  return 0;
}

/** Address of the manager if there is one alone; who leads is no question then. */
function onlyManager(nodes: readonly NodeObject[]): string {
  const [manager, ...others] = nodes.filter(({ role }) => role === 'manager');
  return others.length === 0 ? (manager?.managerAddress ?? '') : '';
}

/** Filters with the same key are alternatives; those with different keys all have to hold. */
function nodeFilter(filters: readonly string[]): (node: NodeObject) => boolean {
  const byKey = Map.groupBy(filters.map(parseFilter), ({ key }) => key);
  return (node) => [...byKey.values()].every((same) => same.some(({ holds }) => holds(node)));
}

type Filter = (node: NodeObject, value: string) => boolean;

const known: Readonly<Record<string, Filter>> = {
  id: ({ id }, value) => id.startsWith(value),
  name: ({ hostname }, value) => hostname.includes(value),
  role: ({ role }, value) => role === value,
  state: ({ state }, value) => state === value,
  availability: ({ availability }, value) => availability === value,
  label: ({ labels }, value) => {
    const [name = '', wanted] = value.split(/=(.*)/s);
    return Object.hasOwn(labels, name) && (wanted === undefined || labels[name] === wanted);
  },
};

function parseFilter(text: string): { readonly key: string; readonly holds: (node: NodeObject) => boolean } {
  const [key = '', value] = text.split(/=(.*)/s);
  const filter = Object.hasOwn(known, key) ? known[key] : undefined;
  if (filter === undefined || value === undefined)
    throw new UsageError(
      `unknown filter "${text}"`,
      `write --filter KEY=VALUE; keys are ${Object.keys(known).join(', ')}`,
    );
  return { key, holds: (node) => filter(node, value) };
}

function listOf(nodes: readonly NodeObject[], leader: string): List {
  return {
    names: nodes.map(({ id }) => shortId(id)),
    objects: nodes.map((node) => describe(node, leader)),
    titles: ['ID', 'HOSTNAME', 'STATE', 'AVAILABILITY', 'ROLE', 'ADDRESS'],
    cells: nodes.map((node) => [
      shortId(node.id),
      node.hostname,
      stateText(node),
      node.availability,
      roleText(node, leader),
      node.address,
    ]),
  };
}

/** By the names of docker's tools where they have one. */
function describe(node: NodeObject, leader: string): Readonly<Record<string, unknown>> {
  return {
    ID: node.id,
    Hostname: node.hostname,
    State: node.state,
    StateSince: node.stateSince,
    Availability: node.availability,
    Role: node.role,
    RoleChange: node.roleChange,
    Address: node.address,
    ManagerAddress: node.managerAddress,
    ManagerStatus: managerStatus(node, leader),
    Labels: node.labels,
    CertificateExpiresAt: node.certificate?.expiresAt ?? null,
  };
}

/** Docker's words. */
function managerStatus({ role, managerAddress, state }: NodeObject, leader: string): string {
  if (role !== 'manager') return '';
  if (leader !== '' && managerAddress === leader) return 'Leader';
  return state === 'ready' ? 'Reachable' : 'Unreachable';
}

/** What it is, and what it is about to be. */
function roleText({ role, roleChange, managerAddress }: NodeObject, leader: string): string {
  if (roleChange !== null && roleChange.problem === '') return `${role}, soon ${roleChange.to}`;
  return leader !== '' && managerAddress === leader ? `${role}, leads` : role;
}

function roleProblem({ hostname, role, roleChange }: NodeObject): readonly string[] {
  if (roleChange === null || roleChange.problem === '') return [];
  return [`${hostname} is still a ${role}: ${roleChange.problem}`];
}

function addressProblem({ hostname, address, addressAnswers }: NodeObject): readonly string[] {
  if (addressAnswers) return [];
  const remedy = 'name another with `tsstack cluster address ADDRESS` there, or open the way';
  return [
    `nobody answers at ${address}, which ${hostname} advertises: networks between hosts do not reach it; ${remedy}`,
  ];
}

/** `ready`, or since when it is not. */
function stateText({ state, stateSince }: NodeObject): string {
  return state === 'ready' ? state : `${state} for ${formatSpan(Date.now() - Date.parse(stateSince)).toLowerCase()}`;
}
