import { below, type AttributeGroup, type AttributeTexts } from './attribute-text.ts';
import { deviceRequestTexts } from './security.ts';

const update = (what: string, failure: string): AttributeTexts => ({
  '': { effect: `How ${what}.` },
  parallelism: { effect: 'How many containers at once; 0 is all.', default: '1' },
  delay: { effect: 'The pause between two groups.', default: '0s' },
  monitor: { effect: 'How long a new container is watched before it counts as working.', default: '5s' },
  max_failure_ratio: { effect: 'The share of failures that is put up with.', default: '0' },
  order: { effect: 'Whether the old container stops first, or the new one starts first.', default: 'stop-first' },
  failure_action: { effect: 'What happens after a failure.', default: failure },
});

/** `deploy`: how many, where, and how a service is replaced. */
export const deploy: AttributeGroup = {
  title: 'Services: deploy',
  texts: below('services.*.deploy', {
    '': { effect: 'How many containers, where, with which resources, and how they are replaced.' },
    mode: { effect: 'So many containers, one on each node, or jobs that end.', default: 'replicated' },
    endpoint_mode: {
      effect: 'Whether the name of the service stands for one virtual address, or for all containers.',
      default: 'vip on overlays, else dnsrr',
    },
    replicas: { effect: 'How many containers the service has.', default: '1' },
    labels: { effect: 'Labels of the service, not of its containers.' },
    ...below('update_config', update('changed containers replace the old ones', 'pause')),
    ...below('rollback_config', update('a failed update is taken back', 'pause')),
    resources: { effect: 'Limits and reservations.' },
    'resources.limits': { effect: 'What a container may use at most.' },
    'resources.limits.cpus': { effect: 'As `cpus`.', default: 'no limit' },
    'resources.limits.memory': { effect: 'As `mem_limit`.', default: 'no limit' },
    'resources.limits.pids': { effect: 'As `pids_limit`.', default: 'no limit' },
    'resources.reservations': { effect: 'What a node must have free.' },
    'resources.reservations.cpus': { effect: 'Processors that a node must have free.' },
    'resources.reservations.memory': { effect: 'As `mem_reservation`.' },
    'resources.reservations.generic_resources': { effect: 'Things that a node says it has so many of.' },
    'resources.reservations.generic_resources.*.discrete_resource_spec': { effect: 'One kind, and how many of it.' },
    'resources.reservations.generic_resources.*.discrete_resource_spec.kind': { effect: 'The kind.' },
    'resources.reservations.generic_resources.*.discrete_resource_spec.value': { effect: 'How many.' },
    'resources.reservations.devices': { effect: 'Devices by what they can do, as `gpus`.' },
    ...below('resources.reservations.devices.*', deviceRequestTexts),
    restart_policy: { effect: 'Whether a container that ended is started again; wins over `restart`.' },
    'restart_policy.condition': { effect: 'Never, after a failure, or always.', default: 'any' },
    'restart_policy.delay': { effect: 'The pause before a restart.', default: '5s' },
    'restart_policy.max_attempts': { effect: 'After so many the container stays down.', default: 'no limit' },
    'restart_policy.window': {
      effect: 'How long a container must run for a restart to count as a success.',
      default: '0s',
    },
    placement: { effect: 'Which nodes run the service.' },
    'placement.constraints': { effect: 'What a node must be: `node.role==manager`, `node.labels.disk!=slow`.' },
    'placement.preferences': { effect: 'How containers are spread.' },
    'placement.preferences.*.spread': { effect: 'The label whose values are filled evenly.' },
    'placement.max_replicas_per_node': {
      effect: 'The most containers of the service on one node.',
      default: 'no limit',
    },
  }),
};

/** What tsstack has beyond the specification. */
export const extension: AttributeGroup = {
  title: 'Services: x-tsstack',
  texts: below('services.*.x-tsstack', {
    '': { effect: 'What tsstack has beyond the specification, and other tools pass over.' },
    progress_deadline: {
      effect:
        'How long an update waits for a new container to come up; then `failure_action` follows, whatever `max_failure_ratio` says.',
      default: '10m',
    },
    rebalance: {
      effect:
        '`auto`: when a node has come that has two containers fewer than another, they move there one after the other, as `update_config` says.',
      default: '`manual`: when `service rebalance` asks for it',
    },
    schedule: {
      effect:
        'When a job runs: a cron expression of five fields, or six with seconds first. A run that falls due while the one before goes on is passed over; those that fell due while no manager was there are made up for by one.',
      default: 'once, at `up`',
    },
    time_zone: { effect: 'The time zone of `schedule`, as `Europe/Berlin`.', default: 'UTC' },
    max_concurrent: { effect: 'How many containers of a `replicated-job` run at once.', default: '`replicas`' },
  }),
};
