/** Names and host ports are on one host only once: says who has them before anything is made. */
import { isMeshPort } from '../../model/mesh-ports.ts';
import type { TaskObject } from '../../model/objects.ts';
import type { PortSpec, ServiceSpec, StackSpec } from '../../model/spec.ts';
import { ClaimedError, InvalidRequestError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';
import { containerNameOf } from '../tasks/container-name.ts';
import { hasEnded, isEnding, isLeaving } from '../tasks/task-phase.ts';

/** Throws ClaimedError or InvalidRequestError when two containers would need the same name or port. */
export function checkClaims(view: StoreView, spec: StackSpec, selected: ReadonlySet<string>): void {
  const services = Object.values(spec.services).filter(({ name }) => selected.has(name));
  checkNames(view, spec.name, services);
  const claims = claimsOfOthers(view, spec.name, selected);
  for (const service of services) {
    for (const claim of claimsOf(view, service, `service ${service.name}`)) {
      checkClaim(service.name, claim, claims);
      if (service.replicas > 0) claims.push(claim);
    }
    checkReplicas(view, service);
  }
}

/** Throws ClaimedError when a one-off container would need a host port that another container has. */
export function checkOneOffPorts(view: StoreView, stack: string, service: ServiceSpec): void {
  const claims = claimsOfOthers(view, stack, new Set());
  for (const claim of claimsOf(view, service, `service ${service.name}`)) checkClaim(service.name, claim, claims);
}

function claimsOfOthers(view: StoreView, stack: string, selected: ReadonlySet<string>): Claim[] {
  const tasks = view.all('task').filter((task) => holdsPorts(task) && !isOfServices(task, stack, selected));
  return tasks.flatMap((task) => claimsOf(view, task.spec, task.containerName));
}

function isOfServices(task: TaskObject, stack: string, services: ReadonlySet<string>): boolean {
  return task.stack === stack && task.oneOff === null && services.has(task.service);
}

function checkNames(view: StoreView, stack: string, services: readonly ServiceSpec[]): void {
  const owners = new Map<string, string>();
  for (const service of services) {
    if (service.containerName !== null && service.replicas > 1) {
      throw new InvalidRequestError(
        `service ${service.name}: container_name allows one replica, not ${service.replicas}`,
        { keys: ['services', service.name, 'container_name'] },
      );
    }
    for (let slot = 1; slot <= Math.min(service.replicas, 1); slot++) {
      const name = containerNameOf(stack, service, slot);
      const other = owners.get(name) ?? foreignOwner(view, stack, name, service.name);
      if (other !== undefined) {
        throw new ClaimedError(`container name ${name} of service ${service.name} is taken by ${other}`, {
          keys: ['services', service.name, ...(service.containerName === null ? [] : ['container_name'])],
        });
      }
      owners.set(name, `service ${service.name}`);
    }
  }
}

function foreignOwner(view: StoreView, stack: string, name: string, service: string): string | undefined {
  const owner = view
    .named('task', name)
    .find((task) => !isLeaving(task) && (task.stack !== stack || task.service !== service || task.oneOff !== null));
  return owner === undefined ? undefined : `service ${owner.service} of stack ${owner.stack}`;
}

interface Claim {
  readonly port: number;
  readonly protocol: string;
  readonly hostIp: string | null;
  readonly owner: string;
}

/** Only single ports: of a range, and of "any port", the agent takes what is free. */
function claimsOf(view: StoreView, service: ServiceSpec, owner: string): readonly Claim[] {
  return portsOfAll(view, service).flatMap((port) => (isSingle(port) ? [{ ...claimOf(port), owner }] : []));
}

/** Ports of the host (`mode: host`) are kept apart by the scheduler where there are several hosts. */
function portsOfAll(view: StoreView, { ports }: ServiceSpec): readonly PortSpec[] {
  return view.all('node').length > 1 ? ports.filter(({ mode }) => mode !== 'host') : ports;
}

function isSingle(port: PortSpec): boolean {
  return port.published !== null && port.published.from === port.published.to;
}

function claimOf({ published, protocol, hostIp }: PortSpec): Omit<Claim, 'owner'> {
  return { port: published?.from ?? 0, protocol, hostIp };
}

function holdsPorts(task: TaskObject): boolean {
  return !isEnding(task) && !hasEnded(task) && task.spec.ports.length > 0;
}

function checkClaim(service: string, claim: Claim, others: readonly Claim[]): void {
  const other = others.find(
    ({ port, protocol, hostIp }) =>
      port === claim.port &&
      protocol === claim.protocol &&
      (isAny(hostIp) || isAny(claim.hostIp) || hostIp === claim.hostIp),
  );
  if (other === undefined || other.owner === claim.owner) return;
  throw new ClaimedError(`${claim.owner}: host port ${claim.port}/${claim.protocol} is taken by ${other.owner}`, {
    keys: ['services', service, 'ports'],
    hint: 'publish another port, or stop the container that has it',
  });
}

function isAny(hostIp: string | null): boolean {
  return hostIp === null || hostIp === '0.0.0.0' || hostIp === '::' || hostIp === '';
}

/** Replicas share a port of their service; of others there has to be one for each. */
function checkReplicas(view: StoreView, service: ServiceSpec): void {
  for (const { published, protocol } of portsOfAll(view, service).filter((port) => !isMeshPort(port))) {
    if (published === null || published.to - published.from + 1 >= service.replicas) continue;
    const ports =
      published.from === published.to ? `port ${published.from}` : `ports ${published.from}-${published.to}`;
    throw new InvalidRequestError(
      `service ${service.name}: ${service.replicas} replicas cannot share host ${ports}/${protocol}`,
      {
        hint: 'publish a range of ports that is long enough, no fixed port, or one of mode ingress without an address',
      },
    );
  }
}
