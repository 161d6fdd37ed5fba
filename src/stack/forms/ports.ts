import * as z from 'zod/mini';
import { object } from '../schema/collections.ts';
import { describeNode, isExpression, withForm, type FormContext } from '../schema/form.ts';
import { integerBetween, matching, oneOf, text, textOrNumber } from '../schema/scalars.ts';
import {
  childOf,
  listNode,
  mapFrom,
  scalarNode,
  withEntry,
  type MapNode,
  type Node,
  type ScalarNode,
} from '../tree/node.ts';

import { isIpAddress } from './ip-address.ts';

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

const longPort = object(
  {
    name: text,
    mode: oneOf(['ingress', 'host']),
    host_ip: text,
    target: integerBetween(1, 65535),
    published: textOrNumber,
    protocol: oneOf(PROTOCOLS),
    app_protocol: text,
  },
  ['target'],
);

/** Ports: `[[IP:][host[-host]]:]container[-container][/protocol]`, a bare number, or the long form. */
export const ports = withForm(z.array(z.union([z.number(), z.string(), longPort])), (node, context) => {
  if (node.kind !== 'list') return context.walk(node, z.array(longPort));
  const items = node.items.flatMap((item, index) => {
    if (isExpression(item, context)) return [item];
    if (item.kind === 'map') return [completeLong(context.walk(item, longPort, index), index, context)];
    const short = item.kind === 'scalar' && item.value !== null && typeof item.value !== 'boolean';
    if (short) return expandShort(String(item.value), item, index, context);
    context.error(item, `found ${describeNode(item)}, expected a port such as "8080:80"`, null, index);
    return [];
  });
  return listNode(items, node, node.tag);
});

function completeLong(node: Node, index: number, context: FormContext): Node {
  if (node.kind !== 'map') return node;
  let port: MapNode = node;
  if (!port.entries.has('mode')) port = withEntry(port, 'mode', scalarNode('ingress', port));
  if (!port.entries.has('protocol')) port = withEntry(port, 'protocol', scalarNode('tcp', port));
  const published = childOf(port, 'published');
  if (published?.kind === 'scalar' && !isExpression(published, context)) {
    const range = String(published.value) === '' ? 'none' : parseRange(String(published.value), true);
    if (range === undefined)
      context.error(published, `found ${describeNode(published)}, expected a port or a range a-b`, null, index);
  }
  const hostIp = childOf(port, 'host_ip');
  if (
    hostIp?.kind === 'scalar' &&
    !isExpression(hostIp, context) &&
    !isIpAddress(String(hostIp.value)) &&
    hostIp.value !== ''
  ) {
    context.error(hostIp, `found ${describeNode(hostIp)}, expected an IP address`, null, index);
  }
  return port;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function expandShort(spec: string, item: ScalarNode, index: number, context: FormContext): Node[] {
  const parsed = parseShort(spec);
  if (typeof parsed === 'string') {
    context.error(
      item,
      `port ${JSON.stringify(spec)}: ${parsed}`,
      'written as [[IP:]HOST:]CONTAINER[/PROTOCOL]',
      index,
    );
    return [];
  }
  const { hostIp, host, container, protocol } = parsed;
  const make = (target: number, published: string | undefined): Node =>
    mapFrom({ mode: 'ingress', host_ip: hostIp, target, published, protocol }, item);
  if (host !== undefined && container.from === container.to) {
    return [make(container.from, host.from === host.to ? `${host.from}` : `${host.from}-${host.to}`)];
  }
  return Array.from({ length: container.to - container.from + 1 }, (_, index) =>
    make(container.from + index, host === undefined ? undefined : `${host.from + index}`),
  );
}

/** The parts of a short port, or what is wrong with it. */
function parseShort(
  spec: string,
): { hostIp: string | undefined; host: Range | undefined; container: Range; protocol: string } | string {
  const slash = spec.indexOf('/');
  const protocol = (slash < 0 ? 'tcp' : spec.slice(slash + 1)).toLowerCase();
  if (!PROTOCOLS.some((known) => known === protocol)) return `unknown protocol ${protocol}`;
  const address = slash < 0 ? spec : spec.slice(0, slash);
  const match = /^(?:(?<ip>\[[^\]]*\]|.*):(?<hostPart>[^:]*):|(?<hostOnly>[^:]*):)?(?<containerPart>[^:]*)$/.exec(
    address,
  );
  if (match === null) return 'not a port';
  const { ip, hostPart, hostOnly, containerPart = '' } = match.groups ?? {};
  const hostIp = ip?.replace(/^\[(.*)\]$/, '$1');
  if (hostIp !== undefined && hostIp !== '' && !isIpAddress(hostIp)) return `${hostIp} is not an IP address`;
  const container = parseRange(containerPart, false);
  if (container === undefined)
    return containerPart === '' ? 'no container port' : `${containerPart} is not a container port`;
  const hostText = hostPart ?? hostOnly ?? '';
  const host = hostText === '' ? undefined : parseRange(hostText, true);
  if (host === undefined && hostText !== '') return `${hostText} is not a host port`;
  const isPool = container.from === container.to;
  if (host !== undefined && !isPool && host.to - host.from !== container.to - container.from) {
    return `the ranges ${hostText} and ${containerPart} differ in length`;
  }
  return { hostIp: hostIp === '' ? undefined : hostIp, host, container, protocol };
}

function parseRange(text: string, allowsZero: boolean): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  const isValid = from <= to && to <= 65535 && (allowsZero || from > 0);
  return isValid ? { from, to } : undefined;
}

const exposed = matching(/^\d{1,5}(-\d{1,5})?(\/[a-z]+)?$/, 'a port, a range a-b, either with /tcp or /udp');

/** Ports that peers may reach: numbers or text. */
export const expose = withForm(z.array(z.union([z.number(), exposed])), (node, context) => {
  if (node.kind !== 'list') return context.walk(node, z.array(exposed));
  const items = node.items.map((item, index) => {
    const isNumber = item.kind === 'scalar' && typeof item.value === 'number';
    return context.walk(isNumber ? scalarNode(String(item.value), item) : item, exposed, index);
  });
  return listNode(items, node, node.tag);
});
