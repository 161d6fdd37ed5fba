/** The difference between two states of who is on a network: what a node is told that has the first one. */
import type { EndpointNode, EndpointsObject, EndpointService, EndpointTask, TunnelEncryption } from './endpoints.ts';

export interface EndpointsChange {
  readonly kind: 'endpoints-change';
  /** Of the endpoints. */
  readonly id: string;
  /** What it leads to, and what it begins with. */
  readonly version: number;
  readonly from: number;
  readonly nodes: RowsChange<EndpointNode>;
  readonly tasks: RowsChange<EndpointTask>;
  readonly services: RowsChange<EndpointService>;
  /** As it is now. */
  readonly encryption: TunnelEncryption | null;
}

interface RowsChange<Row> {
  /** Rows that are new or have changed. */
  readonly upserts: readonly Row[];
  /** Ids of those that have gone. */
  readonly removals: readonly string[];
}

const idOfNode = ({ nodeId }: EndpointNode): string => nodeId;
const idOfTask = ({ taskId }: EndpointTask): string => taskId;
const idOfService = ({ serviceId }: EndpointService): string => serviceId;

/** Null where the whole says it as shortly. */
export function endpointsChange(before: EndpointsObject, after: EndpointsObject): EndpointsChange | null {
  const { id, version, encryption } = after;
  const nodes = rowsChange(before.nodes, after.nodes, idOfNode);
  const tasks = rowsChange(before.tasks, after.tasks, idOfTask);
  const services = rowsChange(before.services, after.services, idOfService);
  const changed = [nodes, tasks, services].reduce(
    (sum, { upserts, removals }) => sum + upserts.length + removals.length,
    0,
  );
  if (2 * changed >= after.nodes.length + after.tasks.length + after.services.length) return null;
  return { kind: 'endpoints-change', id, version, from: before.version, nodes, tasks, services, encryption };
}

/** What the change leads to; null when it begins with something else. Rows that are new come last. */
export function applyEndpointsChange(before: EndpointsObject, change: EndpointsChange): EndpointsObject | null {
  if (before.version !== change.from) return null;
  return {
    ...before,
    version: change.version,
    nodes: applyRows(before.nodes, change.nodes, idOfNode),
    tasks: applyRows(before.tasks, change.tasks, idOfTask),
    services: applyRows(before.services, change.services, idOfService),
    encryption: change.encryption,
  };
}

function rowsChange<Row extends object>(
  before: readonly Row[],
  after: readonly Row[],
  idOf: (row: Row) => string,
): RowsChange<Row> {
  const texts = new Map(before.map((row) => [idOf(row), textOf(row)]));
  const upserts = after.filter((row) => texts.get(idOf(row)) !== textOf(row));
  for (const row of after) texts.delete(idOf(row));
  return { upserts, removals: [...texts.keys()] };
}

function applyRows<Row>(
  before: readonly Row[],
  { upserts, removals }: RowsChange<Row>,
  idOf: (row: Row) => string,
): readonly Row[] {
  const rows = new Map(before.map((row) => [idOf(row), row]));
  for (const id of removals) rows.delete(id);
  for (const row of upserts) rows.set(idOf(row), row);
  return [...rows.values()];
}

/** What is new now is what was before the next time. */
const texts = new WeakMap<object, string>();

function textOf(row: object): string {
  let text = texts.get(row);
  if (text === undefined) texts.set(row, (text = JSON.stringify(row)));
  return text;
}
