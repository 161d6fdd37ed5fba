import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { run, type Command } from '../lib/command.ts';
import { findProcesses } from '../lib/memory.ts';
import type { Engine } from './engine.ts';

const dockerd = '/usr/sbin/dockerd';
const client = '/usr/bin/docker';

/** True when Debian's docker.io and docker-compose are there to be measured. */
export function hasDocker(): boolean {
  return existsSync(dockerd) && existsSync('/usr/bin/docker-compose');
}

async function untilAnswering(socket: string, deadlineMs: number): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (performance.now() < end) {
    const probe = connect(socket);
    const answers = await Promise.race([
      once(probe, 'connect').then(() => true),
      once(probe, 'error').then(() => false),
    ]).catch(() => false);
    probe.destroy();
    if (answers) return;
    await wait(100); // dockerd has no ready signal without systemd
  }
  throw new Error(`dockerd does not answer on ${socket} after ${deadlineMs} ms`);
}

/** Debian's docker with compose, on a socket and roots below `directory`; it lives in the network and mount namespaces of the bench. */
export function dockerEngine(directory: string): Engine {
  const socket = join(directory, 'docker.sock');
  const env = { DOCKER_HOST: `unix://${socket}`, COMPOSE_HTTP_TIMEOUT: '300' };
  const docker = (args: readonly string[]): Command => ({ argv: [client, ...args], env });
  let daemon: ChildProcess | undefined;
  return {
    name: 'docker',
    describe: async () => {
      const engine = await run(docker(['version', '--format', '{{.Server.Version}}']));
      const compose = await run({ argv: ['docker-compose', 'version', '--short'], env });
      return `docker ${engine.stdout.trim()}, compose ${compose.stdout.trim()}`;
    },
    start: async () => {
      mkdirSync(directory, { recursive: true });
      const log = openSync(join(directory, 'dockerd.log'), 'a');
      const roots = ['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')];
      daemon = spawn(dockerd, ['-H', `unix://${socket}`, ...roots, '--pidfile', join(directory, 'docker.pid')], {
        stdio: ['ignore', log, log],
      });
      await untilAnswering(socket, 60_000);
    },
    stop: async () => {
      if (daemon === undefined || daemon.exitCode !== null) return;
      const ended = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await ended;
    },
    compose: (file, args) => ({ argv: ['docker-compose', '-f', file, ...args], env }),
    load: async (archive) => void (await run(docker(['load', '-i', archive]))),
    pull: (reference) => docker(['pull', '-q', reference]),
    removeImage: async (reference) => void (await run(docker(['rmi', '-f', reference]))),
    daemonPids: () => [
      ...(daemon?.pid === undefined ? [] : [daemon.pid]),
      ...findProcesses('containerd', join(directory, 'exec')),
    ],
    supervisionPids: () => findProcesses('containerd-shim-runc-v2', directory),
  };
}
