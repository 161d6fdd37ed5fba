import type { ConstraintSpec } from '../../../model/deploy-spec.ts';
import { parseAddress, parseCidr } from '../../../model/ip-range.ts';
import type { NodeObject } from '../../../model/objects.ts';
import type { ServiceSpec } from '../../../model/spec.ts';
import { architectureOf, attributeOf } from '../node-attributes.ts';
import type { Filter } from './filter.ts';

/** `deploy.placement.constraints`: the node has to be what each of them says. */
export const constraints: Filter = {
  name: 'constraints',
  looksAt: 'task',
  isAsked: ({ task }) => task.spec.deploy.placement.constraints.length > 0,
  check: ({ task, node }) => violatedConstraint(task.spec.deploy.placement.constraints, node) === undefined,
  explain: ({ task, node }) => {
    const violated = violatedConstraint(task.spec.deploy.placement.constraints, node);
    return violated === undefined ? '' : `not as the constraint ${constraintText(violated)} wants`;
  },
};

/** Whether the node is what the constraints of the service say. */
export function satisfiesConstraints({ deploy }: ServiceSpec, node: NodeObject): boolean {
  return violatedConstraint(deploy.placement.constraints, node) === undefined;
}

/** The first constraint that the node does not meet. */
export function violatedConstraint(
  constraints: readonly ConstraintSpec[],
  node: NodeObject,
): ConstraintSpec | undefined {
  return constraints.find(({ key, operator, value }) => holds(key, value, node) !== (operator === '=='));
}

/** The constraint as a stack file says it. */
export function constraintText({ key, operator, value }: ConstraintSpec): string {
  return `${key} ${operator} ${value}`;
}

function holds(key: string, wanted: string, node: NodeObject): boolean {
  const found = attributeOf(key, node);
  if (key === 'node.ip') return isAt(found, wanted);
  if (key === 'node.platform.arch') return found === architectureOf(wanted);
  return found.toLowerCase() === wanted.toLowerCase();
}

/** Whether the address is that one, or in that range. */
function isAt(address: string, wanted: string): boolean {
  const found = parseAddress(address);
  if (found === undefined) return false;
  const range = parseCidr(wanted.includes('/') ? wanted : `${wanted}/${found.family === 4 ? 32 : 128}`);
  return range?.family === found.family && range.first <= found.value && found.value <= range.last;
}
