import { deviceReservations } from '../forms/devices.ts';
import { labels, list, object, textList } from './collections.ts';
import {
  byteSize,
  duration,
  integerOrUnlimited,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  replicaCount,
  text,
} from './scalars.ts';

const updateKeys = {
  parallelism: nonNegativeInteger,
  delay: duration,
  monitor: duration,
  max_failure_ratio: nonNegativeNumber,
  order: oneOf(['stop-first', 'start-first']),
};

/** `deploy`: how many, where, and how a service is replaced. */
export const deploy = object({
  mode: oneOf(['replicated', 'global', 'replicated-job', 'global-job']),
  endpoint_mode: oneOf(['vip', 'dnsrr']),
  replicas: replicaCount,
  labels,
  update_config: object({ ...updateKeys, failure_action: oneOf(['continue', 'pause', 'rollback']) }),
  rollback_config: object({ ...updateKeys, failure_action: oneOf(['continue', 'pause']) }),
  resources: object({
    limits: object({ cpus: nonNegativeNumber, memory: byteSize, pids: integerOrUnlimited }),
    reservations: object({
      cpus: nonNegativeNumber,
      memory: byteSize,
      generic_resources: list(object({ discrete_resource_spec: object({ kind: text, value: nonNegativeNumber }) })),
      devices: deviceReservations,
    }),
  }),
  restart_policy: object({
    condition: oneOf(['none', 'on-failure', 'any']),
    delay: duration,
    max_attempts: nonNegativeInteger,
    window: duration,
  }),
  placement: object({
    constraints: textList,
    preferences: list(object({ spread: text })),
    max_replicas_per_node: nonNegativeInteger,
  }),
});
