/** One service as `service ls` shows it. Pure. */
import { isGlobal, isJob } from '../../model/deploy-spec.ts';
import type { ServiceObject, TaskObject } from '../../model/objects.ts';
import type { PortSpec } from '../../model/spec.ts';
import type { ObjectView } from '../tasks/object-view.ts';

/** By the names of docker's tools where they have one. */
export interface ServiceRow {
  readonly ID: string;
  /** `<stack>_<service>` */
  readonly Name: string;
  readonly Mode: string;
  /** Running and wanted: `2/3`; of a job those completed: `1/2 (3/7 completed)`. */
  readonly Replicas: string;
  readonly Image: string;
  readonly Ports: string;
  /** Of the last update: `updating: 2 of 5 replaced`; of a job with a schedule, that. */
  readonly Update: string;
}

/** `view` has its tasks. */
export function serviceRow(service: ServiceObject, view: ObjectView): ServiceRow {
  const own = view.tasks.filter((task) => task.serviceId === service.id && task.oneOff === null);
  const staying = own.filter(({ desired, gate }) => desired !== 'remove' && gate?.next !== 'remove');
  return {
    ID: service.id,
    Name: `${service.stack}_${service.name}`,
    Mode: service.spec.deploy.mode,
    Replicas: replicasText(service, staying),
    Image: service.spec.image,
    Ports: service.spec.ports.map(portText).join(', '),
    Update: updateText(service),
  };
}

function replicasText({ spec }: ServiceObject, tasks: readonly TaskObject[]): string {
  const running = tasks.filter(({ status }) => status.state === 'running').length;
  // Of a slot that is being replaced start-first there are two.
  const wanted = isGlobal(spec) ? new Set(tasks.map(({ slot }) => slot)).size : spec.replicas;
  if (!isJob(spec)) return `${running}/${wanted}`;
  const completed = tasks.filter(({ status }) => status.state === 'complete').length;
  return `${running}/${spec.deploy.maxConcurrent ?? wanted} (${completed}/${wanted} completed)`;
}

function portText({ hostIp, published, target, protocol }: PortSpec): string {
  if (published === null) return `${target}/${protocol}`;
  const range = published.from === published.to ? published.from : `${published.from}-${published.to}`;
  return `${hostIp ?? '*'}:${range}->${target}/${protocol}`;
}

function updateText({ spec, update, suspended }: ServiceObject): string {
  const { schedule } = spec.deploy;
  if (suspended) return 'stopped by hand';
  if (schedule !== null) return `scheduled: ${schedule.cron} (${schedule.timeZone})`;
  return update === null ? '' : `${update.state}: ${update.message}`;
}
