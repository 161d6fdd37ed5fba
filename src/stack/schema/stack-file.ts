import * as z from 'zod/mini';
import { include } from '../forms/files.ts';
import { childOf, childText, scalarNode, withEntry, withoutEntry, type MapNode, type Node } from '../tree/node.ts';
import { labels, list, named, object, textList } from './collections.ts';
import { withForm, type FormContext, type Schema } from './form.ts';
import { anyInteger, flag, text, textOrNumber } from './scalars.ts';
import { service } from './service.ts';

const options = z.record(z.string(), textOrNumber);

const external = z.union([flag, object({ name: text })]);

const network = object({
  name: text,
  driver: text,
  driver_opts: options,
  ipam: object({
    driver: text,
    config: list(object({ subnet: text, ip_range: text, gateway: text, aux_addresses: z.record(z.string(), text) })),
    options: z.record(z.string(), text),
  }),
  external,
  internal: flag,
  enable_ipv4: flag,
  enable_ipv6: flag,
  attachable: flag,
  labels,
});

const volume = object({ name: text, driver: text, driver_opts: options, external, labels });

const secret = object({
  name: text,
  environment: text,
  file: text,
  external,
  labels,
  driver: text,
  driver_opts: options,
  template_driver: text,
});

const config = object({
  name: text,
  content: text,
  environment: text,
  file: text,
  external,
  labels,
  template_driver: text,
});

const model = object({ name: text, model: text, context_size: anyInteger, runtime_flags: textList }, ['model']);

/** `external: {name: X}`, the old form, becomes `external: true` and `name: X`. */
function resource(definition: Schema): Schema {
  const form = z.nullable(definition);
  return withForm(form, (node, context) => {
    const walked = context.walk(node, definition);
    const old = childOf(walked, 'external');
    return walked.kind === 'map' && old?.kind === 'map' ? liftExternalName(walked, old, context) : walked;
  });
}

function liftExternalName(node: MapNode, external: MapNode, context: FormContext): Node {
  const name = childText(external, 'name');
  const own = childText(node, 'name');
  if (own !== undefined && name !== undefined && own !== name) {
    context.error(external, `name ${JSON.stringify(own)} and external.name ${JSON.stringify(name)} differ`);
  }
  context.warning(external, 'external.name is deprecated: write external: true and name');
  const lifted = withEntry(withoutEntry(node, 'external'), 'external', scalarNode(true, external));
  return name === undefined ? lifted : withEntry(lifted, 'name', scalarNode(name, external));
}

/** A whole stack file. */
export const stackFile = object({
  version: text,
  name: text,
  include: list(include),
  services: named(service),
  networks: named(resource(network)),
  volumes: named(resource(volume)),
  secrets: named(resource(secret)),
  configs: named(resource(config)),
  models: named(model),
});

/** The top-level elements whose entries have names. */
export const RESOURCE_KINDS = ['networks', 'volumes', 'secrets', 'configs', 'models'] as const;
