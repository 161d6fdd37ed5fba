import * as z from 'zod/mini';
import { environment, labels, list, object, oneOrMany, textList } from '../schema/collections.ts';
import { isExpression, withForm, type Schema } from '../schema/form.ts';
import { byteSize, flag, text, textOrNumberOrBoolean } from '../schema/scalars.ts';
import { listNode, mapFrom, scalarNode, type Node } from '../tree/node.ts';
import { grant } from './files.ts';
import { extraHosts } from './hosts.ts';
import { ulimits } from './ulimits.ts';

/** `ssh`: `default`, or `id` or `id=path` in a list, or a map of id to path. */
const ssh = withForm(
  z.union([z.string(), z.array(z.string()), z.record(z.string(), z.nullable(z.string()))]),
  (node, context) => {
    if (node.kind === 'list') return context.walk(node, textList);
    if (node.kind === 'scalar') return listNode([context.walk(node, text)], node, node.tag);
    const items = [...node.entries].map(([id, { value }]): Node => {
      const path = value.kind === 'scalar' && value.value !== null ? `=${String(value.value)}` : '';
      return scalarNode(`${id}${path}`, value);
    });
    return listNode(items, node, node.tag);
  },
);

const longBuild = object({
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  entitlements: textList,
  args: environment,
  ssh,
  labels,
  cache_from: textList,
  cache_to: textList,
  no_cache: flag,
  no_cache_filter: oneOrMany(text),
  additional_contexts: labels,
  network: text,
  provenance: textOrNumberOrBoolean,
  sbom: textOrNumberOrBoolean,
  pull: flag,
  target: text,
  shm_size: byteSize,
  extra_hosts: extraHosts,
  isolation: text,
  privileged: flag,
  secrets: list(grant),
  tags: textList,
  ulimits,
  platforms: textList,
});

/** `build`: the context, or the long form. */
export const build: Schema = withForm(z.union([z.string(), longBuild]), (node, context) => {
  if (node.kind === 'scalar' && typeof node.value === 'string') return mapFrom({ context: node.value }, node);
  if (isExpression(node, context)) return node;
  return context.walk(node, longBuild);
});
