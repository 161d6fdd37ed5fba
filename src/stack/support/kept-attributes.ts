import type { MapNode, NodePath } from '../tree/node.ts';
import { childMap, childOf } from '../tree/node.ts';
import { makeProblem, type Problem } from '../problems.ts';
import { matchesPath } from './attribute-path.ts';

/** Options of json-file that add to the files of docker what no command shows; the other drivers have a use for them, or refuse them. */
export const KEPT_FILE_OPTIONS: readonly string[] = ['env', 'env-regex', 'labels', 'labels-regex', 'tag'];

/** Attributes of later verbs, which are kept for them: they do not keep a container from running. */
const LATER_ATTRIBUTES: readonly string[] = ['services.*.build', 'services.*.develop'];

/** True for an attribute of a later verb. */
export function isForLater(path: NodePath): boolean {
  return LATER_ATTRIBUTES.some((row) => matchesPath(path, row));
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
