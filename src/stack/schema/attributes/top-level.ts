import { below, type AttributeGroup, type AttributeTexts } from './attribute-text.ts';

const external = (what: string): AttributeTexts => ({
  external: { effect: `true: the ${what} exists already; it is neither made nor removed.`, default: 'false' },
  'external.name': { effect: 'The old spelling of `name` beside `external: true`.' },
});

const name = (what: string): AttributeTexts => ({
  name: { effect: `The name of the ${what} on the host.`, default: 'STACK_NAME' },
});

/** The file as a whole. */
export const file: AttributeGroup = {
  title: 'The file',
  texts: {
    version: { effect: 'Obsolete: it has no effect.' },
    name: { effect: 'The name of the stack.', default: 'the name of the directory' },
    include: { effect: 'Other stack files, each with paths and variables of its own, whose definitions join these.' },
    'include.*.path': { effect: 'The file, or several that are merged.' },
    'include.*.project_directory': { effect: 'The directory that its paths start from.', default: 'that of the file' },
    'include.*.env_file': { effect: 'Its variables.', default: '.env of that directory' },
  },
};

/** Networks and volumes at the top of the file. */
export const networksAndVolumes: AttributeGroup = {
  title: 'Networks and volumes',
  texts: {
    networks: { effect: 'Networks by name.', default: 'one called `default`' },
    ...below('networks.*', {
      ...name('network'),
      driver: { effect: 'What makes the network.', default: 'bridge' },
      driver_opts: { effect: 'Options of the driver.' },
      ipam: { effect: 'Its addresses.' },
      'ipam.driver': { effect: 'What gives addresses out.', default: 'default' },
      'ipam.config': { effect: 'Its subnets.', default: 'any free one' },
      'ipam.config.*.subnet': { effect: 'The subnet: `10.5.0.0/24`.', default: 'any free one' },
      'ipam.config.*.ip_range': { effect: 'The part of it that containers get addresses from.', default: 'all of it' },
      'ipam.config.*.gateway': { effect: "The host's address in it.", default: 'the first one' },
      'ipam.config.*.aux_addresses': { effect: 'Addresses that no container gets, by name.' },
      'ipam.options': { effect: 'Options of the driver of addresses; the default one has none.' },
      ...external('network'),
      internal: { effect: 'Whether nothing outside can be reached from it.', default: 'false' },
      enable_ipv4: { effect: 'Whether it has IPv4 addresses.', default: 'true' },
      enable_ipv6: { effect: 'Whether it has IPv6 addresses.', default: 'false' },
      attachable: { effect: 'Whether containers of others may join it.', default: 'false' },
      labels: { effect: 'Labels of the network.' },
    }),
    volumes: { effect: 'Volumes by name: directories that outlive containers.' },
    ...below('volumes.*', {
      ...name('volume'),
      driver: { effect: 'What makes the volume.', default: 'local' },
      driver_opts: { effect: 'Options of the driver: what the local one mounts (`type`, `device`, `o`).' },
      ...external('volume'),
      labels: { effect: 'Labels of the volume.' },
    }),
  },
};

/** Secrets, configs and models at the top of the file. */
export const payloads: AttributeGroup = {
  title: 'Secrets, configs, models',
  texts: {
    secrets: { effect: 'Secrets by name: bytes that only services see which ask for them, in memory.' },
    ...below('secrets.*', {
      ...name('secret'),
      environment: { effect: 'The variable of the project that has the value.' },
      file: { effect: 'The file that has the value, relative to the project.' },
      ...external('secret'),
      labels: { effect: 'Labels of the secret.' },
      driver: { effect: 'What keeps the secret.' },
      driver_opts: { effect: 'Options of the driver.' },
      template_driver: { effect: 'What fills templates in the value.' },
    }),
    configs: { effect: 'Configs by name: bytes that services read as files.' },
    ...below('configs.*', {
      ...name('config'),
      content: { effect: 'The value itself, with variables.' },
      environment: { effect: 'The variable of the project that has the value.' },
      file: { effect: 'The file that has the value, relative to the project.' },
      ...external('config'),
      labels: { effect: 'Labels of the config.' },
      template_driver: { effect: 'What fills templates in the value.' },
    }),
    models: { effect: 'AI models by name.' },
    ...below('models.*', {
      ...name('model'),
      model: { effect: 'The model: an OCI reference.' },
      context_size: { effect: 'How many tokens it remembers.' },
      runtime_flags: { effect: 'Flags of what runs the model.' },
    }),
  },
};
