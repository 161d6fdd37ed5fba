/** One container as `ps` shows it. Pure. */
import type { ContainerStatus, PublishedPort, TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import { shortId } from '../../model/ids.ts';
import { serviceHash } from '../../model/service-hash.ts';
import { formatSpan } from './units.ts';

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** The state in docker's words. */
export function containerState(task: TaskObject): ContainerState {
  return task.desired === 'remove' ? 'removing' : stateByItself(task);
}

/** Whatever is wanted of it. */
function stateByItself(task: TaskObject): Exclude<ContainerState, 'removing'> {
  const { state, container } = task.status;
  if (state === 'orphaned') return 'dead';
  if (container === null) return isTerminal(state) ? 'exited' : 'created';
  // Stopped before it was ever started.
  if (state === 'shutdown' && container.startedAt === null) return 'created';
  switch (container.phase) {
    case 'created':
      return isTerminal(state) ? 'exited' : 'created';
    case 'stopping':
    case 'running':
      return isTerminal(state) ? 'exited' : 'running';
    case 'paused':
    case 'restarting':
    case 'exited':
      return container.phase;
  }
}

/** True while a process of it lives, even if it is on its way out. */
export function isUp(task: TaskObject): boolean {
  return ['running', 'paused', 'restarting'].includes(stateByItself(task));
}

/** `Up 5 minutes (healthy)`, `Exited (1) 3 seconds ago`, or why it is not there yet. */
export function statusText(task: TaskObject, now: number): string {
  const { container, error, message } = task.status;
  const state = containerState(task);
  switch (state) {
    case 'running':
      return `Up ${since(container?.startedAt, now)}${healthText(container)}`;
    case 'paused':
      return `Up ${since(container?.startedAt, now)} (Paused)`;
    case 'restarting':
      return `Restarting (${container?.exitCode ?? 0}) ${since(container?.finishedAt, now)} ago`;
    case 'exited':
      if (container?.finishedAt == null)
        return error === null && message === '' ? 'Not started' : `Failed: ${error?.message ?? message}`;
      return `Exited (${container.exitCode ?? 0}) ${since(container.finishedAt, now)} ago`;
    case 'created':
      return waitingText(task);
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
  }
}

function waitingText({ gate, status }: TaskObject): string {
  const reason = gate?.message ?? status.message;
  if (reason === '') return 'Created';
  return gate === null && status.state === 'preparing' ? `Preparing (${reason})` : `Created (${reason})`;
}

function healthText(container: ContainerStatus | null): string {
  const health = container?.health?.state;
  if (health === undefined) return '';
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}

function since(time: string | null | undefined, now: number): string {
  return formatSpan(Math.max(0, now - Date.parse(time ?? '') || 0));
}

/** `0.0.0.0:8080->80/tcp, 9000/tcp`; ports that follow one another are a range: `0.0.0.0:8080-8089->80-89/tcp`. */
export function portsText(task: TaskObject): string {
  const published = portRuns(publishedPorts(task)).map(([first, count]) => {
    const rest = (port: number): string => (count === 1 ? String(port) : `${port}-${port + count - 1}`);
    return `${bracketed(first.hostIp)}:${rest(first.published)}->${rest(first.target)}/${first.protocol}`;
  });
  const targets = new Set(publishedPorts(task).map(({ target, protocol }) => `${target}/${protocol}`));
  const exposed = task.spec.expose.map((port) => (port.includes('/') ? port : `${port}/tcp`));
  return [...published, ...exposed.filter((port) => !targets.has(port))].join(', ');
}

/** The first port of each run, and how long the run is; by address, because each port may be published at several. */
function portRuns(ports: ContainerStatus['ports']): readonly (readonly [PublishedPort, number])[] {
  const runs: (readonly [PublishedPort, number])[] = [];
  for (const port of ports.toSorted((a, b) => Number(a.hostIp > b.hostIp) - Number(a.hostIp < b.hostIp))) {
    const [first, count] = runs.at(-1) ?? [port, 0];
    const isNext = port.published === first.published + count && port.target === first.target + count;
    if (count > 0 && isNext && port.hostIp === first.hostIp && port.protocol === first.protocol)
      runs[runs.length - 1] = [first, count + 1];
    else runs.push([port, 1]);
  }
  return runs;
}

/** Where its ports are published; only while it runs, because an ended container holds none. */
export function publishedPorts(task: TaskObject): ContainerStatus['ports'] {
  return isUp(task) ? (task.status.container?.ports ?? []) : [];
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Longest command that is shown without --no-trunc. */
const commandWidth = 20;

/** The argv as docker's tools show it, in quotes. */
export function commandText(task: TaskObject, truncate: boolean): string {
  const spec = task.spec.container;
  const argv = task.status.container?.command ?? [...(spec.entrypoint ?? []), ...(spec.command ?? [])];
  const text = argv.join(' ');
  return JSON.stringify(truncate && text.length > commandWidth ? `${text.slice(0, commandWidth - 1)}…` : text);
}

/** The object of `ps --format json`, field for field docker compose's. */
export function containerJson(task: TaskObject, truncate: boolean, now: number): Readonly<Record<string, unknown>> {
  const { container } = task.status;
  const created = Date.parse(container?.createdAt ?? task.createdAt);
  return {
    Command: commandText(task, truncate),
    CreatedAt: formatTime(created),
    // One that was stopped before it was started has ended without a program.
    ExitCode: stateByItself(task) === 'created' ? 0 : (container?.exitCode ?? 0),
    Health: container?.health?.state ?? '',
    ID: truncate ? shortId(task.id) : task.id,
    Image: task.spec.image,
    Labels: labelsOf(task)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    LocalVolumes: String(task.spec.container.mounts.filter(({ type }) => type === 'volume').length),
    Mounts: (container?.mounts ?? []).join(','),
    Name: task.containerName,
    Names: task.containerName,
    Networks: task.attachments.map(({ network }) => networkName(task, network)).join(','),
    Ports: portsText(task),
    Project: task.stack,
    Publishers: publishedPorts(task).map(({ hostIp, target, published, protocol }) => ({
      URL: hostIp,
      TargetPort: target,
      PublishedPort: published,
      Protocol: protocol,
    })),
    RunningFor: `${formatSpan(Math.max(0, now - created))} ago`,
    Service: task.service,
    Size: '0B',
    State: containerState(task),
    Status: statusText(task, now),
  };
}

/** Labels of the file and those that tools of the field look for. */
function labelsOf(task: TaskObject): readonly (readonly [string, string])[] {
  const own = {
    ...task.spec.container.labels,
    'com.docker.compose.project': task.stack,
    'com.docker.compose.service': task.service,
    'com.docker.compose.container-number': String(task.slot),
    'com.docker.compose.oneoff': task.oneOff === null ? 'False' : 'True',
    'com.docker.compose.config-hash': serviceHash(task.spec),
  };
  return Object.entries(own).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function networkName(task: TaskObject, key: string): string {
  return `${task.stack}_${key}`;
}

/** `2026-11-21 04:00:00 +0000 UTC`. */
function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
