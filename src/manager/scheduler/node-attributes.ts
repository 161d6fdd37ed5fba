/** What constraints and spread preferences may ask of a node, by the keys of stack files. */
import type { NodeObject } from '../../model/objects.ts';

const nodeLabel = 'node.labels.';
const engineLabel = 'engine.labels.';

/** The value of a key; a label that a node does not have is empty. */
export function attributeOf(key: string, node: NodeObject): string {
  if (key.startsWith(nodeLabel)) return node.labels[key.slice(nodeLabel.length)] ?? '';
  if (key.startsWith(engineLabel)) return node.description.engineLabels[key.slice(engineLabel.length)] ?? '';
  switch (key) {
    case 'node.id':
      return node.id;
    case 'node.hostname':
      return node.hostname;
    case 'node.role':
      return node.role;
    case 'node.ip':
      return node.address;
    case 'node.platform.os':
      return 'linux';
    case 'node.platform.arch':
      return architectureOf(node.description.architecture);
    default:
      return '';
  }
}

/** Names of architectures in stack files by those that systems give them. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', x86_64: 'amd64', aarch64: 'arm64' };

/** One name for each architecture. */
export function architectureOf(name: string): string {
  return architectures[name.toLowerCase()] ?? name.toLowerCase();
}
