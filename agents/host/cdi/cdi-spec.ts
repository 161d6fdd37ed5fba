import { parse } from 'yaml';
import * as z from 'zod';

/** Changes to a container by a device (Container Device Interface 1.0, `containerEdits`). */
const edits = z.strictObject({
  env: z.array(z.string().regex(/^[^=]+=/, 'is not NAME=VALUE')).default([]),
  deviceNodes: z
    .array(
      z.strictObject({
        path: z.string().startsWith('/'),
        hostPath: z.string().startsWith('/').optional(),
        type: z.enum(['b', 'c', 'u', 'p']).optional(),
        major: z.int().min(0).optional(),
        minor: z.int().min(0).optional(),
        fileMode: z.int().min(0).optional(),
        permissions: z
          .string()
          .regex(/^[rwm]{1,3}$/)
          .optional(),
        uid: z.int().min(0).optional(),
        gid: z.int().min(0).optional(),
      }),
    )
    .default([]),
  mounts: z
    .array(
      z.strictObject({
        hostPath: z.string(),
        containerPath: z.string().startsWith('/'),
        options: z.array(z.string()).default([]),
        type: z.string().optional(),
      }),
    )
    .default([]),
  hooks: z
    .array(
      z.strictObject({
        hookName: z.enum(['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop']),
        path: z.string().startsWith('/'),
        args: z.array(z.string()).default([]),
        env: z.array(z.string()).default([]),
        timeout: z.int().min(1).optional(),
      }),
    )
    .default([]),
  additionalGids: z.array(z.int().min(1)).default([]),
});

const annotations = z.record(z.string(), z.string()).optional();

const cdiSpec = z.strictObject({
  cdiVersion: z.string(),
  kind: z.string().regex(/^[a-zA-Z][\w.-]*\/[a-zA-Z][\w.-]*$/, 'is not VENDOR/CLASS'),
  annotations,
  devices: z.array(z.strictObject({ name: z.string().regex(/^[\w.:-]+$/), annotations, containerEdits: edits })),
  containerEdits: edits.optional(),
});

export type CdiEdits = z.infer<typeof edits>;
export type CdiSpec = z.infer<typeof cdiSpec>;

/** The spec in that text, JSON or YAML; what is not understood makes all of it an error, for a device that lacks a part does not work. */
export function parseCdiSpec(text: string): CdiSpec {
  const result = cdiSpec.safeParse(parse(text));
  if (result.success) return result.data;
  throw new Error(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}
