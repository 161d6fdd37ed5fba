import type { ApplyStackResponse, PlanStep } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { located } from '../project/locate-error.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { recall } from '../providers/provide.ts';
import { applyRequest } from './apply-request.ts';

type PlanContext = Pick<CommandContext, 'io' | 'arguments'> & { readonly flags: Parameters<typeof applyRequest>[2] };

/** What an apply would do, without doing it. Providers are not asked: what they told the last time counts. */
export async function planApply(
  context: PlanContext,
  control: ControlClient,
  loaded: LoadedSpec,
  extra: { readonly noStart?: boolean } = {},
): Promise<ApplyStackResponse> {
  const project = await recall(control, loaded, context.io);
  const request = { ...applyRequest(project, context.arguments, context.flags), ...extra };
  const response = await located(project.loaded, control.applyStack({ ...request, dryRun: true }));
  return { ...response, steps: [...providerSteps(project), ...response.steps] };
}

function providerSteps({ spec }: LoadedSpec): readonly PlanStep[] {
  return Object.entries(spec.providers).map(([name, { type, variables }]) => ({
    action: variables === null ? 'create' : 'keep',
    kind: 'provider',
    name,
    service: name,
    reasons: [`its program ${type} is run`],
  }));
}
