import type { ConstraintSpec } from '../model/deploy-spec.ts';

/** What constraints can be about; below `labels.` everything. */
const KEYS = /^(node\.(id|hostname|ip|role|platform\.(os|arch)|labels\.\S+)|engine\.labels\.\S+)$/;

/** `node.role == manager`, `node.labels.disk != slow`; also with one `=`, as the Compose Specification shows it. */
export function parseConstraint(text: string): ConstraintSpec | undefined {
  const [, key = '', operator = '', value = ''] = /^\s*([^\s!=]+)\s*(!=|==?)\s*(.*?)\s*$/.exec(text) ?? [];
  if (!KEYS.test(key) || value === '') return undefined;
  return { key, operator: operator === '!=' ? '!=' : '==', value };
}
