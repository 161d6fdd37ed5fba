import * as z from 'zod';
import type { NamespacesSpec } from '../../../model/namespaces-spec.ts';
import { name } from './shared-schema.ts';

const kind = <Kind extends string>(literal: Kind) => z.strictObject({ kind: z.literal(literal) });

const shared = [
  kind('host'),
  z.strictObject({ kind: z.literal('service'), service: name }),
  z.strictObject({ kind: z.literal('container'), container: name }),
] as const;

/** Shape of the namespaces of a service. */
export const namespacesSchema: z.ZodType<NamespacesSpec> = z.strictObject({
  pid: z.discriminatedUnion('kind', [kind('private'), ...shared]),
  ipc: z.discriminatedUnion('kind', [kind('private'), kind('shareable'), kind('none'), ...shared]),
  uts: z.enum(['private', 'host']),
  cgroup: z.enum(['private', 'host']),
});
