/** Plans in the words of the contract, for people. */
import type { PlanStep } from '../../rpc/messages.ts';
import { containerNameOf } from '../tasks/container-name.ts';
import type { ReplaceVolume, StackPlan, StackStep } from './stack-step.ts';

/** What the client shows of a plan; bookkeeping of the manager is no step. */
export function toPlanSteps(plan: StackPlan): readonly PlanStep[] {
  return plan.steps.flatMap((step) => toPlanStep(step, plan) ?? []);
}

function toPlanStep(step: StackStep, { spec }: StackPlan): PlanStep | undefined {
  switch (step.type) {
    case 'write-stack':
    case 'write-service':
    case 'remove-service':
    case 'refer-payload':
      return undefined;
    case 'create-network':
      if (step.owner === 'foreign') return undefined;
      return resource(step.isReplacement ? 'replace' : 'create', 'network', spec.networks[step.key]?.name);
    case 'create-volume':
      return step.owner === 'foreign' ? undefined : resource('create', 'volume', spec.volumes[step.key]?.name);
    case 'replace-volume':
      return toVolumeStep(step);
    case 'write-payload': {
      const payloads = step.kind === 'secret' ? spec.secrets : spec.configs;
      return resource(step.before === null ? 'create' : 'replace', step.kind, payloads[step.key]?.name);
    }
    case 'create-task': {
      const service = spec.services[step.service];
      const name = service === undefined ? '' : containerNameOf(spec.name, service, step.slot);
      return { action: 'create', kind: 'container', name, service: step.service, reasons: [] };
    }
    case 'replace-task':
      return container('replace', step.task, step.reasons);
    case 'start-task':
      return container('start', step.task, []);
    case 'follow-task':
      return container('start', step.task, [`follows ${step.dependency}, which is replaced`]);
    case 'remove-task':
      return container('remove', step.task, [step.reason]);
  }
}

/** A volume that is made anew, with what differs. */
export function toVolumeStep({ before, reasons }: ReplaceVolume): PlanStep {
  return { ...resource('replace', 'volume', before.name), reasons };
}

function resource(action: string, kind: string, name: string | undefined): PlanStep {
  return { action, kind, name: name ?? '', service: '', reasons: [] };
}

function container(
  action: string,
  task: { readonly containerName: string; readonly service: string },
  reasons: readonly string[],
): PlanStep {
  return { action, kind: 'container', name: task.containerName, service: task.service, reasons };
}
