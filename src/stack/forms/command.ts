import * as z from 'zod/mini';
import { withForm } from '../schema/form.ts';
import { brokenNode, isNull, listNode, scalarNode, type Node } from '../tree/node.ts';
import { splitShellWords } from './shell-words.ts';

const words = z.array(z.string({ error: 'text' }), { error: 'text or a list' });

/** A command: text is split as a shell would, without running one; a list is taken as it is; nothing stays nothing. */
export const command = withForm(z.nullable(z.union([z.string(), words])), (node, context) => {
  if (context.keepsExpressions || isNull(node)) return node;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return context.walk(node, words);
  const split = splitShellWords(node.value);
  if (split === undefined) {
    context.error(node, 'a quote is not closed');
    return brokenNode(node);
  }
  return listNode(
    split.map((word) => scalarNode(word, node)),
    node,
    node.tag,
  );
});

const TESTS = new Set(['CMD', 'CMD-SHELL', 'NONE']);

/** healthcheck.test: text is run by the container's shell; a list says itself how it is run. */
export const healthTest = withForm(z.union([z.string(), words]), (node, context) => {
  if (context.keepsExpressions) return node;
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    return listNode([scalarNode('CMD-SHELL', node), node], node, node.tag);
  }
  const list: Node = context.walk(node, words);
  const first = list.kind === 'list' ? list.items[0] : undefined;
  if (first?.kind === 'scalar' && !TESTS.has(String(first.value))) {
    context.error(first, 'a test list must start with CMD, CMD-SHELL or NONE', 'or write the test as one text');
  }
  return list;
});
