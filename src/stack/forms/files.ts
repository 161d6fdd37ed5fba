import * as z from 'zod/mini';
import { object, oneOrMany } from '../schema/collections.ts';
import { isExpression, withForm } from '../schema/form.ts';
import { fileMode, flag, text, textOrNumber } from '../schema/scalars.ts';
import { childOf, childText, listNode, mapFrom, scalarNode, withEntry, type Node } from '../tree/node.ts';

const longGrant = object({ source: text, target: text, uid: textOrNumber, gid: textOrNumber, mode: fileMode }, [
  'source',
]);

/** A secret or config given to a service or a build: its name, or the long form. */
export const grant = withForm(z.union([z.string(), longGrant]), (node, context) => {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return context.walk(node, longGrant);
  return mapFrom({ source: node.value }, node);
});

/** A secret of a service: unlike a config it always has a target. */
export const secretGrant = withForm(z.union([z.string(), longGrant]), (node, context) => {
  const long = context.walk(node, grant);
  if (long.kind !== 'map' || childOf(long, 'target') !== undefined) return long;
  const source = childText(long, 'source');
  return source === undefined ? long : withEntry(long, 'target', scalarNode(`/run/secrets/${source}`, long));
});

const longEnvFile = object({ path: text, required: flag, format: text }, ['path']);

/** `env_file`: a path, or a list of paths and `{path, required, format}`. */
export const envFile = withForm(z.union([z.string(), z.array(z.union([z.string(), longEnvFile]))]), (node, context) => {
  const items = node.kind === 'list' ? node.items : [node];
  const files = items.map((item, index): Node => {
    if (isExpression(item, context)) return item;
    if (item.kind === 'scalar' && typeof item.value === 'string')
      return mapFrom({ path: item.value, required: true }, item);
    const long = context.walk(item, longEnvFile, index);
    const format = childOf(long, 'format');
    if (format?.kind === 'scalar' && format.value !== 'raw' && format.value !== null) {
      context.error(
        format,
        `unsupported env_file format ${JSON.stringify(format.value)}`,
        'the only other format is raw',
      );
    }
    return long.kind === 'map' && !long.entries.has('required')
      ? withEntry(long, 'required', scalarNode(true, long))
      : long;
  });
  return listNode(files, node, node.tag);
});

export const labelFile = oneOrMany(text);

const longDevice = object({ source: text, target: text, permissions: text }, ['source']);

/** A device: `SOURCE[:TARGET[:PERMISSIONS]]`, a CDI name (`vendor/class=name`) or the long form. */
export const device = withForm(z.union([z.string(), longDevice]), (node, context) => {
  if (isExpression(node, context)) return node;
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    const [source = '', target = source, permissions = 'rwm', ...rest] = node.value.split(':');
    if (rest.length > 0 || source === '')
      context.error(node, `${JSON.stringify(node.value)} is not a device`, 'written as SOURCE[:TARGET[:PERMISSIONS]]');
    return mapFrom({ source, target, permissions }, node);
  }
  let long = context.walk(node, longDevice);
  if (long.kind !== 'map') return long;
  if (!long.entries.has('target')) long = withEntry(long, 'target', scalarNode(childText(long, 'source') ?? '', long));
  return long.entries.has('permissions') ? long : withEntry(long, 'permissions', scalarNode('rwm', long));
});

const longInclude = object({ path: oneOrMany(text), project_directory: text, env_file: oneOrMany(text) }, ['path']);

/** An entry of `include`: a path, or `{path, project_directory, env_file}`. */
export const include = withForm(z.union([z.string(), longInclude]), (node, context) => {
  if (node.kind === 'scalar' && typeof node.value === 'string') return mapFrom({ path: listNode([node], node) }, node);
  return context.walk(node, longInclude);
});

const longExtends = object({ service: text, file: text }, ['service']);

/** `extends`: the name of a service of this file, or `{service, file}`. */
export const extendsForm = withForm(z.union([z.string(), longExtends]), (node, context) => {
  if (node.kind === 'scalar' && typeof node.value === 'string') return mapFrom({ service: node.value }, node);
  return context.walk(node, longExtends);
});
