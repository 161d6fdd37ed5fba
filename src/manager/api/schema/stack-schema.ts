import * as z from 'zod';
import type { NetworkSpec, PayloadSpec, StackSpec, VolumeSpec } from '../../../model/spec.ts';
import type { ProviderSpec } from '../../../model/provider-spec.ts';
import { networkOptionNames, networkOptionProblem } from '../../../model/network-options.ts';
import { isVlanDriver, readVlanOptions } from '../../../model/vlan-options.ts';
import { InvalidRequestError } from '../../errors.ts';
import { serviceSchema } from './service-schema.ts';
import { labels, name } from './shared-schema.ts';

const ip = z.union([z.ipv4(), z.ipv6()], 'is no IP address');
const cidr = z.union([z.cidrv4(), z.cidrv6()], 'is no subnet such as 10.5.0.0/24 or fd00:5::/64');

const pool = z.strictObject({
  subnet: cidr.nullable(),
  ipRange: cidr.nullable(),
  gateway: ip.nullable(),
  auxAddresses: z.record(z.string(), ip),
});

const network: z.ZodType<NetworkSpec> = z
  .strictObject({
    name,
    external: z.boolean(),
    internal: z.boolean(),
    driver: z.enum(['bridge', 'overlay', 'macvlan', 'ipvlan']),
    attachable: z.boolean(),
    enableIpv4: z.boolean(),
    enableIpv6: z.boolean(),
    labels,
    driverOptions: labels,
    ipam: z.array(pool),
  })
  .refine(({ enableIpv4, enableIpv6 }) => enableIpv4 || enableIpv6, 'has neither IPv4 nor IPv6')
  .superRefine(({ driver, driverOptions, external }, context) => {
    for (const [option, value] of Object.entries(external ? {} : driverOptions)) {
      const expected = networkOptionProblem(driver, option, value);
      if (expected === null) continue;
      const message =
        expected === undefined
          ? `the driver ${driver} has no option ${option}; it has ${networkOptionNames(driver).join(', ')}`
          : `has to be ${expected}`;
      context.addIssue({ code: 'custom', path: ['driverOptions', option], message });
    }
    if (!external && isVlanDriver(driver) && readVlanOptions(driver, driverOptions).parent === '') {
      context.addIssue({
        code: 'custom',
        path: ['driverOptions'],
        message: 'has to name a link of the host as parent',
      });
    }
  });

/** Neither the kernel's text of options nor the argument list of the mounting program may be broken out of. */
const mountWord = z.string().regex(/^[^,\0]+$/, 'has to be one option of a mount');

const volume: z.ZodType<VolumeSpec> = z.strictObject({
  name,
  external: z.boolean(),
  labels,
  filesystem: z
    .strictObject({
      type: z.string().regex(/^[\w.-]+$/, 'is no type of a file system'),
      device: z.string().regex(/^[^\0]+$/, 'is no device'),
      options: z.array(mountWord),
    })
    .nullable(),
});

const payload: z.ZodType<PayloadSpec> = z.strictObject({
  name,
  external: z.boolean(),
  labels,
  content: z.base64().nullable(),
  digest: z.string().nullable(),
});

const provider: z.ZodType<ProviderSpec> = z.strictObject({
  type: z.string().min(1),
  options: z.record(z.string(), z.array(z.string())),
  after: z.array(name),
  dependants: z.array(name),
  variables: labels.nullable(),
});

/** Of what can be made by itself, by kind. */
export const objectSchemas = { network, volume, secret: payload, config: payload };

const stackSchema: z.ZodType<StackSpec> = z
  .strictObject({
    name,
    workingDir: z.string(),
    files: z.array(z.string()),
    services: z.record(name, serviceSchema),
    networks: z.record(name, network),
    volumes: z.record(name, volume),
    secrets: z.record(name, payload),
    configs: z.record(name, payload),
    disabledServices: z.array(name),
    providers: z.record(name, provider),
  })
  .superRefine((stack, context) => {
    for (const [path, message] of danglingReferences(stack))
      context.addIssue({ code: 'custom', path: [...path], message });
  });

/** Keys that services use and the stack lacks. A dependency may be left out by a profile only when it is not required. */
function danglingReferences(stack: StackSpec): readonly (readonly [readonly string[], string])[] {
  return Object.entries(stack.services).flatMap(([key, service]) => {
    const at = (...rest: string[]): readonly string[] => ['services', key, ...rest];
    const missing = (
      names: readonly string[],
      known: object,
      what: string,
      path: string,
    ): (readonly [readonly string[], string])[] =>
      names
        .filter((used) => !Object.hasOwn(known, used))
        .map((used) => [at(path), `refers to undefined ${what} ${used}`]);
    const { container, networks, dependsOn, networkMode } = service;
    const volumes = container.mounts.flatMap((mount) =>
      mount.type === 'volume' && mount.volume !== null ? [mount.volume] : [],
    );
    const required = Object.entries(dependsOn).flatMap(([dependency, spec]) => (spec.required ? [dependency] : []));
    const owner = networkMode.kind === 'service' ? [networkMode.service] : [];
    return [
      ...(service.name === key ? [] : [[at('name'), `is ${service.name} under the key ${key}`] as const]),
      ...missing(
        networks.map(({ network: used }) => used),
        stack.networks,
        'network',
        'networks',
      ),
      ...missing(volumes, stack.volumes, 'volume', 'container.mounts'),
      ...missing(
        container.secrets.map(({ source }) => source),
        stack.secrets,
        'secret',
        'container.secrets',
      ),
      ...missing(
        container.configs.map(({ source }) => source),
        stack.configs,
        'config',
        'container.configs',
      ),
      ...missing(required, stack.services, 'service', 'dependsOn'),
      ...missing(owner, stack.services, 'service', 'networkMode'),
    ];
  });
}

/** The stack in that JSON text; throws InvalidRequestError naming every field that is wrong. */
export function parseStackSpec(text: string): StackSpec {
  const result = stackSchema.safeParse(parseJson(text));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the stack'}: ${message}`);
  throw new InvalidRequestError(`stack: ${problems.join('; ')}`);
}

/** The JSON in that text, which came from a client. */
export function parseJson(text: string, what = 'stack'): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequestError(`${what}: is no JSON`, { cause });
  }
}
