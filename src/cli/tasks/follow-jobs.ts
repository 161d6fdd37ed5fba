import { TsstackError } from '../../model/errors.ts';
import type { ServiceObject, TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { followObjects } from './follow-objects.ts';

export interface FollowJobsOptions {
  readonly stack: string;
  /** Only jobs among these. */
  readonly services: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when jobs of which not all containers may run at once have come to the end of their line; throws when one of these has failed. */
export async function followJobs(control: ControlClient, options: FollowJobsOptions): Promise<void> {
  const { stack, services, signal } = options;
  await followObjects(control, { stack, kinds: ['service', 'task'] }, signal, (view) => {
    const jobs = view.ofKind('service').filter((service) => services.has(service.name) && isLined(service));
    return jobs.every((job) => isThrough(job, view.tasks));
  });
}

/** A job that runs by its schedule is waited for by nobody. */
function isLined({ spec: { deploy, replicas } }: ServiceObject): boolean {
  if (deploy.mode !== 'replicated-job' || deploy.schedule !== null) return false;
  return deploy.maxConcurrent !== null && deploy.maxConcurrent < replicas;
}

function isThrough({ id, name, spec, specHash, forceCount }: ServiceObject, tasks: readonly TaskObject[]): boolean {
  const own = tasks.filter(
    (task) => task.serviceId === id && task.specHash === specHash && task.forceCount === forceCount,
  );
  const failed = own.find(({ status }) => status.state === 'failed' || status.state === 'rejected');
  if (failed !== undefined) {
    const { error, message, container } = failed.status;
    const why = error?.message ?? (message === '' ? `exited (${container?.exitCode ?? 'unknown'})` : message);
    throw new TsstackError('conflict', `container ${failed.containerName}: ${why}`, {
      hint: `see \`tsstack logs ${name}\``,
    });
  }
  return own.length >= spec.replicas && own.every(({ status }) => isTerminal(status.state));
}
