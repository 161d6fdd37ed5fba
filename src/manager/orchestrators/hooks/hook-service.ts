import type { PreStartHookSpec, ServiceSpec } from '../../../model/spec.ts';

const megabyte = 2 ** 20;

/**
 * The service as a pre_start hook runs in it: one container with the networks, volumes, secrets and limits of the service, with a program of
 * its own, and without what there can be only one of (ports, addresses) or what means a service (names, checks, restarts).
 */
export function hookService(service: ServiceSpec, hook: PreStartHookSpec): ServiceSpec {
  const { container } = service;
  const isOwnImage = hook.image === null;
  return {
    ...service,
    image: hook.image ?? service.image,
    replicas: 1,
    containerName: null,
    networks: service.networks.map((network) => ({
      ...network,
      aliases: [],
      ipv4Address: null,
      ipv6Address: null,
      linkLocalAddresses: [],
      macAddress: null,
    })),
    ports: [],
    expose: [],
    dependsOn: {},
    restart: { policy: 'no', maxRetries: 0, supervision: null },
    hooks: { preStart: [], postStart: [], preStop: [] },
    container: {
      ...container,
      entrypoint: null,
      command: hook.command,
      environment: { ...container.environment, ...hook.environment },
      user: hook.user ?? (isOwnImage ? container.user : null),
      workingDir: hook.workingDir ?? (isOwnImage ? container.workingDir : null),
      privileged: hook.privileged,
      hostname: null,
      tty: false,
      stdinOpen: false,
      healthcheck: {
        test: 'disabled',
        intervalMs: null,
        timeoutMs: null,
        retries: null,
        startPeriodMs: null,
        startIntervalMs: null,
      },
      logging: {
        driver: 'file',
        forward: null,
        maxBytes: megabyte,
        maxFiles: 2,
        compress: false,
        mode: 'blocking',
        maxBufferBytes: megabyte,
      },
    },
  };
}
