import type { ApplyStackRequest, ApplyStackResponse, PlanStep } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { isTrue } from '../command-line/is-true.ts';
import { titleOf } from '../output/object-titles.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { orphansNote } from '../output/show-plan.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import type { TaskChange } from '../tasks/task-word.ts';

/** What an apply did, as displays want it. */
export interface Applied {
  readonly stack: string;
  readonly response: ApplyStackResponse;
  readonly changeOf: (containerName: string) => TaskChange;
}

/** Makes the file the desired state and shows what that changed at once; containers follow. */
export async function apply(
  control: ControlClient,
  { spec, loaded }: LoadedSpec,
  request: Partial<ApplyStackRequest>,
  progress: Progress,
  signal?: AbortSignal,
): Promise<Applied> {
  const response = await control.applyStack(request, signal === undefined ? {} : { signal });
  const ignoresOrphans = isTrue(loaded.lookup('COMPOSE_IGNORE_ORPHANS'));
  const notes = [...response.warnings, ...(ignoresOrphans ? [] : orphansNote(response.orphans))];
  for (const note of notes) progress.line(`warning: ${note}`);
  for (const step of response.steps) showStep(step, progress);
  const changes = new Map(
    response.steps.filter(({ kind }) => kind === 'container').map(({ name, action }) => [name, action]),
  );
  return { stack: spec.name, response, changeOf: (name) => changeOfAction(changes.get(name)) };
}

function changeOfAction(action: string | undefined): TaskChange {
  return action === 'create' || action === 'replace' || action === 'start' || action === 'restart' ? action : 'keep';
}

/** Networks and volumes are made along with the first container that needs them, so that they count as created. */
function showStep({ action, kind, name }: PlanStep, progress: Progress): void {
  if (kind !== 'network' && kind !== 'volume') return;
  const words: Readonly<Record<string, string>> = { create: 'Created', replace: 'Recreated', remove: 'Removed' };
  const text = words[action];
  if (text !== undefined) progress.event({ id: titleOf(kind, name), state: 'done', text });
}
