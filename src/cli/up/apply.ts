import type { ApplyStackRequest, ApplyStackResponse, PlanStep } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { isTrue } from '../command-line/is-true.ts';
import { titleOf } from '../output/object-titles.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { orphansNote } from '../output/show-plan.ts';
import type { LoadedSpec } from '../project/load-project.ts';
import { located } from '../project/locate-error.ts';
import type { TaskChange } from '../tasks/task-word.ts';

/** What an apply did, as displays want it. */
export interface Applied {
  readonly stack: string;
  readonly response: ApplyStackResponse;
  readonly changeOf: (containerName: string) => TaskChange;
}

/** How an apply is shown. */
export interface ApplyOptions {
  readonly progress: Progress;
  /** Puts a question to the user, if there is one; only a request that may ask needs it. */
  readonly ask?: (question: string) => Promise<boolean>;
  readonly signal?: AbortSignal;
}

/** Makes the file the desired state and shows what that changed at once; containers follow. */
export async function apply(
  control: ControlClient,
  { spec, loaded }: LoadedSpec,
  request: Partial<ApplyStackRequest>,
  { progress, ask, signal }: ApplyOptions,
): Promise<Applied> {
  const options = signal === undefined ? {} : { signal };
  let response = await located(loaded, control.applyStack(request, options));
  if (response.volumeQuestions.length > 0) {
    progress.stop();
    const recreateVolumes = await askAbout(response.volumeQuestions, ask);
    const answered = { ...request, changedVolumes: 'keep', recreateVolumes };
    response = await located(loaded, control.applyStack(answered, options));
  }
  const ignoresOrphans = isTrue(loaded.lookup('COMPOSE_IGNORE_ORPHANS'));
  const notes = [...response.warnings, ...(ignoresOrphans ? [] : orphansNote(response.orphans))];
  for (const note of notes) progress.line(`warning: ${note}`);
  for (const step of response.steps) showStep(step, progress);
  const changes = new Map(
    response.steps.filter(({ kind }) => kind === 'container').map(({ name, action }) => [name, action]),
  );
  return { stack: spec.name, response, changeOf: (name) => changeOfAction(changes.get(name)) };
}

/** Names of the volumes whose content may be lost. */
async function askAbout(questions: readonly PlanStep[], ask: ApplyOptions['ask']): Promise<readonly string[]> {
  const agreed: string[] = [];
  for (const { name, reasons } of questions) {
    const question = `Volume ${name} is not as the file says (${reasons.join(', ')}). Make it anew? Its content will be lost`;
    if ((await ask?.(question)) === true) agreed.push(name);
  }
  return agreed;
}

function changeOfAction(action: string | undefined): TaskChange {
  return action === 'create' || action === 'replace' || action === 'start' || action === 'restart' ? action : 'keep';
}

/** Networks and volumes are made along with the first container that needs them, so that they count as created. */
function showStep({ action, kind, name }: PlanStep, progress: Progress): void {
  if (kind !== 'network' && kind !== 'volume') return;
  const words: Readonly<Record<string, string>> = {
    create: 'Created',
    replace: 'Recreated',
    update: 'Updated',
    remove: 'Removed',
  };
  const text = words[action];
  if (text !== undefined) progress.event({ id: titleOf(kind, name), state: 'done', text });
}
