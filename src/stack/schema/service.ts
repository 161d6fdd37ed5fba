import * as z from 'zod/mini';
import { maxReplicas } from '../../model/deploy-spec.ts';
import { build } from '../forms/build.ts';
import { command, healthTest } from '../forms/command.ts';
import { gpus } from '../forms/devices.ts';
import { device, envFile, extendsForm, grant, labelFile, secretGrant } from '../forms/files.ts';
import { extraHosts } from '../forms/hosts.ts';
import { mount, tmpfs } from '../forms/mounts.ts';
import { expose, ports } from '../forms/ports.ts';
import { ulimits } from '../forms/ulimits.ts';
import { mapFrom, scalarNode, type Node } from '../tree/node.ts';
import {
  environment,
  labels,
  list,
  listedNames,
  object,
  oneOrMany,
  textList,
  textOrNumberList,
} from './collections.ts';
import { deploy } from './deploy.ts';
import { develop, hook, initHook } from './hooks.ts';
import {
  anyInteger,
  byteSize,
  byteSizeOrUnlimited,
  duration,
  flag,
  integerBetween,
  integerOrUnlimited,
  labelValue,
  matching,
  microseconds,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  replicaCount,
  strictFlag,
  text,
  textOrNumber,
  textOrNumberOrBoolean,
} from './scalars.ts';

const dependency = object(
  {
    condition: oneOf(['service_started', 'service_healthy', 'service_completed_successfully']),
    restart: flag,
    required: flag,
  },
  ['condition'],
);

const endpoint = object({
  aliases: textList,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: textList,
  mac_address: text,
  driver_opts: z.record(z.string(), textOrNumber),
  priority: anyInteger,
  gw_priority: anyInteger,
});

/** Of a name in a list: joined, without options. */
function withoutOptions(item: Node): Node {
  return scalarNode(null, item);
}

const throttles = list(object({ path: text, rate: byteSize }, ['path', 'rate']));

const blkioWeight = integerBetween(10, 1000);

const blkio = object({
  weight: blkioWeight,
  weight_device: list(object({ path: text, weight: blkioWeight }, ['path', 'weight'])),
  device_read_bps: throttles,
  device_read_iops: throttles,
  device_write_bps: throttles,
  device_write_iops: throttles,
});

const healthcheck = object({
  test: healthTest,
  interval: duration,
  timeout: duration,
  retries: nonNegativeInteger,
  start_period: duration,
  start_interval: duration,
  disable: flag,
});

const providerOption = oneOrMany(textOrNumberOrBoolean);

const everyWord = /^(always|never|missing|if_not_present|build|refresh|daily|weekly|every_(\d+[wdhms])+)$/;
const pullPolicyText = matching(everyWord, 'always, never, missing, build, daily, weekly or every_<duration>');

// The old spelling of `missing` becomes the new one.
const pullPolicy = z.pipe(
  pullPolicyText,
  z.transform((value: string) => (value === 'if_not_present' ? 'missing' : value)),
);

/** A service: every attribute of the Compose Specification. */
export const service = object({
  annotations: labels,
  attach: flag,
  blkio_config: blkio,
  build,
  cap_add: textList,
  cap_drop: textList,
  cgroup: oneOf(['host', 'private']),
  cgroup_parent: text,
  command,
  configs: list(grant),
  container_name: matching(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/,
    'a name of two or more letters, digits, dots, dashes and underscores',
  ),
  cpu_count: nonNegativeInteger,
  cpu_percent: nonNegativeNumber,
  cpu_period: nonNegativeInteger,
  cpu_quota: anyInteger,
  cpu_rt_period: microseconds,
  cpu_rt_runtime: microseconds,
  cpu_shares: nonNegativeInteger,
  cpus: nonNegativeNumber,
  cpuset: text,
  credential_spec: object({ config: text, file: text, registry: text }),
  depends_on: listedNames(dependency, (item) => mapFrom({ condition: 'service_started', required: true }, item)),
  deploy,
  develop,
  device_cgroup_rules: list(matching(/^[abc] (\*|\d+):(\*|\d+) [rwm]{1,3}$/, 'a rule such as "c 1:3 mr"')),
  devices: list(device),
  dns: oneOrMany(text),
  dns_opt: textList,
  dns_search: oneOrMany(text),
  domainname: text,
  entrypoint: command,
  env_file: envFile,
  environment,
  expose,
  extends: extendsForm,
  external_links: textList,
  extra_hosts: extraHosts,
  gpus,
  group_add: textOrNumberList,
  healthcheck,
  hostname: text,
  image: text,
  init: flag,
  ipc: text,
  isolation: text,
  label_file: labelFile,
  labels,
  links: textList,
  logging: object({ driver: text, options: z.record(z.string(), labelValue) }),
  mac_address: text,
  mem_limit: byteSize,
  mem_reservation: byteSize,
  mem_swappiness: byteSize,
  memswap_limit: byteSizeOrUnlimited,
  models: listedNames(object({ endpoint_var: text, model_var: text }), withoutOptions),
  network_mode: text,
  networks: listedNames(endpoint, withoutOptions),
  oom_kill_disable: flag,
  oom_score_adj: integerBetween(-1000, 1000),
  pid: text,
  pids_limit: integerOrUnlimited,
  platform: text,
  ports,
  post_start: list(hook),
  pre_start: list(initHook),
  pre_stop: list(hook),
  privileged: flag,
  profiles: list(
    matching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'a profile name of letters, digits, dot, dash and underscore'),
  ),
  provider: object({ type: text, options: z.record(z.string(), providerOption) }, ['type']),
  pull_policy: pullPolicy,
  pull_refresh_after: duration,
  read_only: flag,
  restart: matching(
    /^(no|always|unless-stopped|on-failure(:\d+)?)$/,
    'no, always, unless-stopped, on-failure or on-failure:N',
  ),
  runtime: text,
  scale: replicaCount,
  secrets: list(secretGrant),
  security_opt: textList,
  shm_size: byteSize,
  stdin_open: flag,
  stop_grace_period: duration,
  stop_signal: text,
  storage_opt: z.record(z.string(), textOrNumber),
  sysctls: labels,
  tmpfs,
  tty: flag,
  ulimits,
  use_api_socket: strictFlag,
  user: text,
  userns_mode: text,
  uts: text,
  volumes: list(mount),
  volumes_from: textList,
  working_dir: text,
  'x-tsstack': object({
    max_concurrent: integerBetween(1, maxReplicas),
    progress_deadline: duration,
    rebalance: oneOf(['auto', 'manual']),
    schedule: text,
    time_zone: text,
  }),
});
