import * as z from 'zod/mini';
import { describeNode, withForm, type FormContext } from '../schema/form.ts';
import { listNode, scalarNode, type Node } from '../tree/node.ts';

const address = z.union([z.string(), z.array(z.string())]);

/** Lines of the hosts file: `host=address`, `host:address`, or a map of host to address or addresses. */
export const extraHosts = withForm(z.union([z.array(z.string()), z.record(z.string(), address)]), (node, context) => {
  if (context.keepsExpressions) return node;
  if (node.kind === 'scalar') return context.walk(node, z.array(z.string()));
  const lines: Node[] = [];
  if (node.kind === 'map') {
    for (const [host, entry] of node.entries) {
      const values = entry.value.kind === 'list' ? entry.value.items : [entry.value];
      for (const value of values) lines.push(...toLines(host, value, context));
    }
  } else {
    for (const item of node.items) {
      if (item.kind !== 'scalar' || typeof item.value !== 'string') {
        context.error(item, `found ${describeNode(item)}, expected HOST=ADDRESS`);
        continue;
      }
      const separator = item.value.search(/[=:]/);
      if (separator < 0) context.error(item, `${describeNode(item)} is not HOST=ADDRESS`);
      else
        lines.push(
          ...toLines(item.value.slice(0, separator), scalarNode(item.value.slice(separator + 1), item), context),
        );
    }
  }
  return listNode(lines, node, node.tag);
});

function toLines(host: string, value: Node, context: FormContext): Node[] {
  if (value.kind !== 'scalar' || typeof value.value !== 'string' || value.value === '') {
    context.error(value, `found ${describeNode(value)}, expected an address for ${host}`);
    return [];
  }
  if (host === '' || /[:=]/.test(host)) context.error(value, `bad host name ${JSON.stringify(host)}`);
  return value.value
    .split(',')
    .map((address) => scalarNode(`${host}=${address.trim().replace(/^\[(.*)\]$/, '$1')}`, value));
}
