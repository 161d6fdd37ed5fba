import type { MapEntry, MapNode, Node, NodePath } from '../tree/node.ts';
import { childMap, childOf } from '../tree/node.ts';
import { makeProblem, type Problem } from '../problems.ts';
import { attributeOf, matchesPath } from './attribute-path.ts';

/** An attribute that is kept for the day when it can take effect; a warning says so. */
interface KeptAttribute {
  readonly path: string;
  /** The values that it is about; absent = all. */
  readonly values?: readonly string[];
  readonly note: string;
}

const KEPT_ATTRIBUTES: readonly KeptAttribute[] = [
  {
    path: 'services.*.deploy.endpoint_mode',
    values: ['vip'],
    note: 'vip is kept for a cluster; on one host the name of a service resolves to all of its containers',
  },
];

/** Options of json-file that add to the files of docker what no command shows; the other drivers have a use for them, or refuse them. */
export const KEPT_FILE_OPTIONS: readonly string[] = ['env', 'env-regex', 'labels', 'labels-regex', 'tag'];

/** Attributes of later verbs, which are kept for them: they do not keep a container from running. */
const LATER_ATTRIBUTES: readonly string[] = ['services.*.build', 'services.*.develop'];

/** True for an attribute of a later verb. */
export function isForLater(path: NodePath): boolean {
  return LATER_ATTRIBUTES.some((row) => matchesPath(path, row));
}

/** The warning that an attribute, or its value, is only kept; null when it takes effect. */
export function keptNote(path: NodePath, entry: MapEntry): Problem | null {
  const kept = KEPT_ATTRIBUTES.find((row) => matchesPath(path, row.path));
  if (kept === undefined || !isConcerned(kept, entry.value)) return null;
  return makeProblem('warning', entry, path, `${attributeOf(path)} ${kept.note}`);
}

/** Warnings of the options of json-file that a service's log has no use for. */
export function keptFileOptions(definition: MapNode, path: NodePath): Problem[] {
  const logging = childMap(definition, 'logging');
  const driver = logging === undefined ? undefined : childOf(logging, 'driver');
  if (driver?.kind === 'scalar' && driver.value !== 'json-file') return [];
  const options = [...(childMap(logging, 'options')?.entries ?? [])];
  return options
    .filter(([option]) => KEPT_FILE_OPTIONS.includes(option))
    .map(([option, entry]) => {
      const message = `${option} is kept without an effect: with the driver json-file, logs have lines and times only`;
      return makeProblem('warning', entry, [...path, 'logging', 'options', option], message, 'journald takes it');
    });
}

function isConcerned({ values }: KeptAttribute, node: Node): boolean {
  if (node.kind !== 'scalar') return values === undefined;
  return node.value !== null && (values === undefined || values.includes(String(node.value)));
}
