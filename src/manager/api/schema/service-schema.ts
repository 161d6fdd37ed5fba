/** Shape of ServiceSpec documents; the types tie each schema to src/model/spec.ts, so that neither can change alone. */
import * as z from 'zod';
import { maxReplicas } from '../../../model/deploy-spec.ts';
import { isInterfaceName } from '../../../model/interface-name.ts';
import type {
  HooksSpec,
  LinkSpec,
  NetworkAttachmentSpec,
  PortSpec,
  ServiceSpec,
  VolumesFromSpec,
} from '../../../model/spec.ts';
import { containerSchema } from './container-schema.ts';
import { deploySchema } from './deploy-schema.ts';
import { namespacesSchema } from './namespaces-schema.ts';
import { labels, name, port } from './shared-schema.ts';

const networkMode = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('networks') }),
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('host') }),
  z.strictObject({ kind: z.literal('service'), service: name }),
  z.strictObject({ kind: z.literal('container'), container: name }),
]);

const attachment: z.ZodType<NetworkAttachmentSpec> = z.strictObject({
  network: name,
  aliases: z.array(z.string()),
  ipv4Address: z.ipv4().nullable(),
  ipv6Address: z.ipv6().nullable(),
  linkLocalAddresses: z.array(z.union([z.ipv4(), z.ipv6()])),
  macAddress: z.mac().nullable(),
  interfaceName: z.string().refine(isInterfaceName, 'is no name of a network interface').nullable(),
  gatewayPriority: z.number(),
  sysctls: z.record(z.string().regex(/^net\.[\w.-]+$/, 'is no setting of a network interface'), z.string()),
});

const link: z.ZodType<LinkSpec> = z.strictObject({ alias: z.string().min(1), target: z.string().min(1) });

const publishedPorts = z
  .strictObject({ from: port, to: port })
  .refine(({ from, to }) => from <= to, 'the range ends before it begins');

const portSpec: z.ZodType<PortSpec> = z.strictObject({
  target: port,
  protocol: z.enum(['tcp', 'udp', 'sctp']),
  mode: z.enum(['ingress', 'host']),
  hostIp: z.string().nullable(),
  published: publishedPorts.nullable(),
});

const dependency = z.strictObject({
  condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
  restart: z.boolean(),
  required: z.boolean(),
});

const hookShape = {
  user: z.string().nullable(),
  privileged: z.boolean(),
  workingDir: z.string().nullable(),
  environment: z.record(z.string(), z.string().nullable()),
};
const hook = z.strictObject({ ...hookShape, command: z.array(z.string()).min(1) });
const preStartHook = z.strictObject({
  ...hookShape,
  command: z.array(z.string()).nullable(),
  image: z.string().min(1).nullable(),
  perReplica: z.boolean(),
});

const hooks: z.ZodType<HooksSpec> = z.strictObject({
  preStart: z.array(preStartHook),
  postStart: z.array(hook),
  preStop: z.array(hook),
});

const volumesFrom: z.ZodType<VolumesFromSpec> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('service'), service: name, readOnly: z.boolean() }),
  z.strictObject({ kind: z.literal('container'), container: name, readOnly: z.boolean() }),
]);

export const serviceSchema: z.ZodType<ServiceSpec> = z.strictObject({
  name,
  image: z.string().min(1),
  pullPolicy: z.union([z.enum(['always', 'missing', 'never']), z.strictObject({ refreshAfterMs: z.number().min(0) })]),
  replicas: z.int().min(0).max(maxReplicas, `has to be ${maxReplicas} at most`),
  containerName: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'is no container name')
    .nullable(),
  container: containerSchema,
  networkMode,
  namespaces: namespacesSchema,
  volumesFrom: z.array(volumesFrom),
  networks: z.array(attachment),
  links: z.array(link),
  ports: z.array(portSpec),
  expose: z.array(z.string()),
  dependsOn: z.record(name, dependency),
  restart: z.strictObject({
    policy: z.enum(['no', 'always', 'unless-stopped', 'on-failure']),
    maxRetries: z.int().min(0),
    supervision: z.strictObject({ delayMs: z.int().min(0), windowMs: z.int().min(0) }).nullable(),
  }),
  hooks,
  attach: z.boolean(),
  deploy: deploySchema,
  serviceLabels: labels,
});
