import { below, type AttributeGroup, type AttributeTexts } from './attribute-text.ts';

/** A request for devices by what they can do. */
export const deviceRequestTexts: AttributeTexts = {
  capabilities: { effect: 'What the devices must be able to do, such as `gpu`.' },
  count: { effect: 'How many, or `all`.', default: 'all' },
  device_ids: { effect: 'Which ones, in place of `count`.' },
  driver: { effect: 'Whose devices.' },
  options: { effect: 'Options of the driver.' },
};

/** What containers may do, and what they share. */
export const security: AttributeGroup = {
  title: 'Services: security and namespaces',
  texts: below('services.*', {
    privileged: {
      effect: 'All capabilities and devices, no seccomp filter, no masked paths. Almost root of the host.',
      default: 'false',
    },
    cap_add: { effect: 'Capabilities beside the usual ones; `ALL` is every one.' },
    cap_drop: { effect: 'Capabilities to take away; `ALL` is every one.' },
    security_opt: {
      effect: 'no-new-privileges, seccomp=PROFILE, apparmor=PROFILE, label=..., systempaths=unconfined.',
    },
    userns_mode: {
      effect: 'User ids: `host` for those of the host, `auto` for a range that no other container has.',
      default: 'host',
    },
    pid: {
      effect: "Sees the processes of the host, or those of another service's or container's.",
      default: 'private',
    },
    ipc: { effect: "Shared memory: its own, the host's, or that of another service or container.", default: 'private' },
    uts: { effect: "`host`: has the host's name.", default: 'private' },
    cgroup: {
      effect: 'Whether the container sees only its own control group, or those of the host.',
      default: 'private',
    },
    cgroup_parent: { effect: 'The control group below which the containers have theirs.', default: "the daemon's own" },
    sysctls: { effect: 'Kernel parameters of the namespaces of the container.' },
    ulimits: {
      effect: 'Limits of the processes: one number, or soft and hard; -1 is unlimited.',
      default: "the daemon's",
    },
    'ulimits.*.soft': { effect: 'The limit that holds.' },
    'ulimits.*.hard': { effect: 'The limit up to which the process may raise it.' },
    devices: { effect: 'Devices of the host: `SOURCE[:TARGET[:PERMISSIONS]]`, or a CDI name.' },
    'devices.*.source': { effect: 'The device of the host.' },
    'devices.*.target': { effect: 'Its path in the container.', default: 'the source' },
    'devices.*.permissions': { effect: 'r, w and m: read, write, make the node.', default: 'rwm' },
    device_cgroup_rules: { effect: 'Devices that may be used when they appear: `c 1:3 mr`, `*` for any number.' },
    credential_spec: { effect: 'Accounts of Windows domains.' },
    'credential_spec.config': { effect: 'The config with the account.' },
    'credential_spec.file': { effect: 'The file with the account.' },
    'credential_spec.registry': { effect: 'The registry key with the account.' },
    gpus: { effect: 'GPUs: `all`, or requests as in deploy.resources.reservations.devices.' },
    ...below('gpus.*', deviceRequestTexts),
  }),
};
