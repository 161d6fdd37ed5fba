import type { ApplyStackRequest, ApplyStackResponse, PlanStep } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { listTasks } from '../tasks/list-tasks.ts';
import { tasksWithOldImage } from './images.ts';

/** What `up` would do: the daemon's plan, and the containers whose image has other content by now. */
export async function planStack(
  control: ControlClient,
  stack: string,
  request: Partial<ApplyStackRequest>,
): Promise<ApplyStackResponse> {
  const response = await control.applyStack({ ...request, dryRun: true });
  if (request.noRecreate === true) return response;
  const concerned = new Set(response.taskIds);
  const planned = new Set(response.steps.filter(({ kind }) => kind === 'container').map(({ name }) => name));
  const kept = (await listTasks(control, stack)).filter(
    ({ id, containerName }) => concerned.has(id) && !planned.has(containerName),
  );
  const steps = (await tasksWithOldImage(control, kept)).map(({ containerName, service, spec }): PlanStep => {
    const reasons = [`image: ${spec.image} has other content now`];
    return { action: 'replace', kind: 'container', name: containerName, service, reasons };
  });
  return { ...response, steps: [...response.steps, ...steps] };
}
