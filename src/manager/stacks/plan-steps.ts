/** Plans in the words of the contract, for people. */
import type { PlanStep } from '../../rpc/messages.ts';
import type { PayloadSpec, StackSpec } from '../../model/spec.ts';
import { differences } from '../orchestrators/replicated/change-reasons.ts';
import { containerNameOf } from '../tasks/container-name.ts';
import { usedKeys } from './find-resources.ts';
import type { ReplaceVolume, StackPlan, StackStep } from './stack-step.ts';

/** What the client shows of a plan; bookkeeping of the manager is no step. */
export function toPlanSteps(plan: StackPlan): readonly PlanStep[] {
  return plan.steps.flatMap((step) => toPlanStep(step, plan) ?? []);
}

function toPlanStep(step: StackStep, plan: StackPlan): PlanStep | undefined {
  const { spec } = plan;
  switch (step.type) {
    case 'write-stack':
    case 'write-service':
    case 'remove-service':
    case 'refer-payload':
    case 'begin-update':
      return undefined;
    case 'create-network':
      if (step.owner === 'foreign') return undefined;
      return toNetworkStep(step, spec);
    case 'update-network':
      return { ...toNetworkStep(step, spec), action: 'update' };
    case 'create-volume':
      return step.owner === 'foreign' ? undefined : resource('create', 'volume', spec.volumes[step.key]?.name);
    case 'replace-volume':
      return toVolumeStep(step);
    case 'write-payload': {
      const payloads = step.kind === 'secret' ? spec.secrets : spec.configs;
      return toPayloadStep(step, payloads[step.key]);
    }
    case 'create-task': {
      const service = spec.services[step.service];
      const name = service === undefined ? '' : containerNameOf(spec.name, service, step.slot);
      return { action: 'create', kind: 'container', name, service: step.service, reasons: [] };
    }
    case 'replace-task':
    case 'roll-task':
      return container('replace', step.task, replacementReasons(step, plan));
    case 'start-task':
      return container('start', step.task, []);
    case 'follow-task':
      return container('start', step.task, [`follows ${step.dependency}, which is replaced`]);
    case 'remove-task':
      return container('remove', step.task, [step.reason]);
  }
}

type Step<Type extends StackStep['type']> = Extract<StackStep, { readonly type: Type }>;

function toNetworkStep({ key, before }: Step<'create-network' | 'update-network'>, { networks }: StackSpec): PlanStep {
  const wanted = networks[key];
  if (before === null) return resource('create', 'network', wanted?.name);
  return { ...resource('replace', 'network', wanted?.name), reasons: differences(before.spec, wanted) };
}

/** The content itself is nobody's business on a screen. */
function toPayloadStep({ kind, before }: Step<'write-payload'>, wanted: PayloadSpec | undefined): PlanStep {
  if (before === null) return resource('create', kind, wanted?.name);
  const withoutContent = (spec: PayloadSpec | undefined): unknown => ({ ...spec, content: null, digest: null });
  const content = before.spec.digest === wanted?.digest ? [] : ['the content has changed'];
  const reasons = [...content, ...differences(withoutContent(before.spec), withoutContent(wanted))];
  return { ...resource('replace', kind, wanted?.name), reasons };
}

/** What the service says otherwise, then what it uses that is replaced. */
function replacementReasons(step: Step<'replace-task' | 'roll-task'>, { steps, spec }: StackPlan): readonly string[] {
  const service = spec.services[step.service];
  const used = usedKeys(service === undefined ? [] : [service]);
  const changed = steps.flatMap((other): readonly string[] => {
    if (other.type === 'create-network' && other.before !== null && used.networks.has(other.key))
      return [`network ${other.key} is replaced`];
    if (other.type === 'replace-volume' && used.volumes.has(other.key)) return [`volume ${other.key} is made anew`];
    if (other.type !== 'write-payload' && other.type !== 'refer-payload') return [];
    const isUsed = (other.kind === 'secret' ? used.secrets : used.configs).has(other.key);
    return isUsed && other.before !== null ? [`${other.kind} ${other.key} has changed`] : [];
  });
  const reasons = [...step.reasons, ...changed];
  return reasons.length === 0 ? ['forced, or something that it shares is replaced'] : reasons;
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
