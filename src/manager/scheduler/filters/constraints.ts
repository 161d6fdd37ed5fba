import type { ConstraintSpec } from '../../../model/deploy-spec.ts';
import type { NodeObject } from '../../../model/objects.ts';
import type { Filter, Placement } from './filter.ts';

/** `deploy.placement.constraints`: the node has to be what each of them says. */
export const constraints: Filter = {
  name: 'constraints',
  check: (placement) => violated(placement) === undefined,
  explain: (placement) => {
    const { key, operator, value } = violated(placement) ?? { key: '', operator: '==', value: '' };
    return `not as the constraint ${key} ${operator} ${value} wants`;
  },
};

function violated({ task, node }: Placement): ConstraintSpec | undefined {
  return task.spec.deploy.placement.constraints.find((constraint) => !holds(constraint, node));
}

const labelPrefix = 'node.labels.';

/** Names of architectures in stack files by those of nodes. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', x86_64: 'amd64', aarch64: 'arm64' };

function holds({ key, operator, value }: ConstraintSpec, node: NodeObject): boolean {
  const found = valueOf(key, node);
  const wanted = key === 'node.platform.arch' ? (architectures[value.toLowerCase()] ?? value) : value;
  return (found.toLowerCase() === wanted.toLowerCase()) === (operator === '==');
}

/** A label that a node does not have is empty. */
function valueOf(key: string, { id, hostname, role, labels, description }: NodeObject): string {
  if (key.startsWith(labelPrefix)) return labels[key.slice(labelPrefix.length)] ?? '';
  switch (key) {
    case 'node.id':
      return id;
    case 'node.hostname':
      return hostname;
    case 'node.role':
      return role;
    case 'node.platform.os':
      return 'linux';
    case 'node.platform.arch':
      return architectures[description.architecture] ?? description.architecture;
    default:
      return '';
  }
}
