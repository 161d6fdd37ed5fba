import { posix } from 'node:path';
import * as z from 'zod/mini';
import { labels, object, oneOrMany } from '../schema/collections.ts';
import { isExpression, withForm, type FormContext } from '../schema/form.ts';
import { byteSize, flag, mountMode, oneOf, text } from '../schema/scalars.ts';
import { childText, mapFrom, scalarNode, withEntry, type MapNode, type Node, type ScalarNode } from '../tree/node.ts';

const longMount = object(
  {
    type: oneOf(['bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image']),
    source: text,
    target: text,
    read_only: flag,
    consistency: text,
    bind: object({
      propagation: oneOf(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']),
      create_host_path: flag,
      recursive: oneOf(['enabled', 'disabled', 'writable', 'readonly']),
      selinux: oneOf(['z', 'Z']),
    }),
    volume: object({ labels, nocopy: flag, subpath: text }),
    tmpfs: object({ size: byteSize, mode: mountMode }),
    image: object({ subpath: text }),
  },
  ['type'],
);

/** One mount of a service: `[SOURCE:]TARGET[:OPTIONS]` or the long form. */
export const mount = withForm(z.union([z.string(), longMount]), (node, context) => {
  if (isExpression(node, context)) return node;
  if (node.kind === 'scalar' && typeof node.value === 'string') return parseShort(node.value, node, context);
  const long = context.walk(node, longMount);
  return long.kind === 'map' ? completeLong(long, context) : long;
});

function completeLong(mount: MapNode, context: FormContext): Node {
  const type = childText(mount, 'type');
  const target = childText(mount, 'target');
  if (type === 'bind' && childText(mount, 'source') === undefined) context.error(mount, 'a bind mount needs a source');
  if (target === undefined) return mount;
  const cleaned = cleanTarget(target);
  return cleaned === target ? mount : withEntry(mount, 'target', scalarNode(cleaned, mount));
}

const PROPAGATIONS = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);
/** Hints of other platforms' file sharing, without an effect on Linux by definition. */
const HINTS = new Set(['cached', 'delegated', 'consistent', 'rw', '']);

function parseShort(spec: string, node: ScalarNode, context: FormContext): Node {
  const sections = splitSections(spec);
  const [first = '', second, options, ...rest] = sections;
  const form = 'written as [SOURCE:]TARGET[:OPTIONS]';
  if (sections.includes(''))
    context.error(node, `volume ${JSON.stringify(spec)} has an empty section between colons`, form);
  else if (rest.length > 0) context.error(node, `volume ${JSON.stringify(spec)} has too many colons`, form);
  const target = second ?? first;
  const source = second === undefined ? undefined : first;
  const isBind = source !== undefined && isPath(source);
  const bind: Record<string, string | boolean> = {};
  const volume: Record<string, string | boolean> = {};
  let readOnly: true | undefined;
  for (const option of rest.length > 0 ? [] : (options ?? '').split(',')) {
    if (option === 'ro') readOnly = true;
    else if (option === 'nocopy') volume['nocopy'] = true;
    else if (option === 'z' || option === 'Z') bind['selinux'] = option;
    else if (PROPAGATIONS.has(option)) bind['propagation'] = option;
    else if (!HINTS.has(option)) {
      context.error(
        node,
        `volume ${JSON.stringify(spec)} has the unknown option ${option}`,
        'known: ro, rw, z, Z, nocopy, rshared, rslave, …',
      );
    }
  }
  if (isBind) bind['create_host_path'] = true;
  return mapFrom(
    {
      type: isBind ? 'bind' : 'volume',
      source,
      target: cleanTarget(target),
      read_only: readOnly,
      bind: Object.keys(bind).length > 0 ? mapFrom(bind, node) : undefined,
      volume: !isBind || Object.keys(volume).length > 0 ? mapFrom(volume, node) : undefined,
    },
    node,
  );
}

/** Splits at colons, but not at the one of a drive letter (`C:\data`). */
function splitSections(spec: string): string[] {
  const drives: string[] = [];
  const hidden = spec.replace(/(^|:)([a-zA-Z]):(?=[\\/])/g, (match, before: string, letter: string, offset: number) => {
    // `a:/b` is the volume `a`: a drive needs a backslash, or a second path after it.
    const isDrive = spec[offset + match.length] === '\\';
    if (!isDrive) return match;
    drives.push(letter);
    return `${before}\0`;
  });
  return hidden.split(':').map((section) => section.replace('\0', () => `${drives.shift() ?? ''}:`));
}

function isPath(source: string): boolean {
  return /^[./~]/.test(source) || /^([a-zA-Z]:)?\\/.test(source);
}

/** `/a/../b/` is `/b`; targets of Windows containers are left alone. */
function cleanTarget(target: string): string {
  if (target === '' || target.includes('\\')) return target;
  const cleaned = posix.normalize(target);
  return cleaned.length > 1 ? cleaned.replace(/\/$/, '') : cleaned;
}

/** `tmpfs: PATH[:OPTIONS]`, one or many. */
export const tmpfs = oneOrMany(text);
