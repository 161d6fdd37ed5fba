import * as z from 'zod/mini';
import { object } from '../schema/collections.ts';
import { matching, integerOrUnlimited } from '../schema/scalars.ts';
import { withForm } from '../schema/form.ts';

const longUlimit = object({ soft: integerOrUnlimited, hard: integerOrUnlimited }, ['soft', 'hard']);

const ulimit = withForm(z.union([integerOrUnlimited, longUlimit]), (node, context) =>
  context.walk(node, node.kind === 'map' ? longUlimit : integerOrUnlimited),
);

/** Limits by name: one number for both, or `{soft, hard}`. */
export const ulimits = z.record(matching(/^[a-z]+$/, 'names of limits are made of lower-case letters'), ulimit);
