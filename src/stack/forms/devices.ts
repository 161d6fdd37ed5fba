import * as z from 'zod/mini';
import { labels, object, textList } from '../schema/collections.ts';
import { withForm, type FormContext, type Schema } from '../schema/form.ts';
import { deviceCount, text } from '../schema/scalars.ts';
import { listNode, mapFrom, scalarNode, withEntry, type Node } from '../tree/node.ts';

const deviceKeys = { capabilities: textList, count: deviceCount, device_ids: textList, driver: text, options: labels };
const reservation = object(deviceKeys, ['capabilities']);
const gpu = object(deviceKeys);

/** A request that names neither a count nor devices asks for all. */
function withCount(node: Node): Node {
  const isComplete = node.kind !== 'map' || node.entries.has('count') || node.entries.has('device_ids');
  return isComplete ? node : withEntry(node, 'count', scalarNode(-1, node));
}

/** deploy.resources.reservations.devices. */
export const deviceReservations = withForm(z.array(reservation), (node, context) =>
  completeAll(node, reservation, context),
);

/** `gpus`: `all`, or a list of requests. */
export const gpus = withForm(z.union([z.literal('all'), z.array(gpu)]), (node, context) => {
  if (node.kind === 'scalar' && node.value === 'all') return listNode([mapFrom({ count: -1 }, node)], node, node.tag);
  return completeAll(node, gpu, context);
});

function completeAll(node: Node, request: Schema, context: FormContext): Node {
  const requests = context.walk(node, z.array(request));
  return requests.kind === 'list' ? listNode(requests.items.map(withCount), requests, requests.tag) : requests;
}
