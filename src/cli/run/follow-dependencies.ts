import { TsstackError } from '../../model/errors.ts';
import type { ServiceSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { followObjects } from '../tasks/follow-objects.ts';
import { judgeTask, type Verdict } from '../tasks/task-goal.ts';
import { TaskNarrator } from '../tasks/task-narrator.ts';
import { taskWord } from '../tasks/task-word.ts';

interface Dependencies {
  readonly stack: string;
  /** The service that waits for them. */
  readonly service: ServiceSpec;
  readonly taskIds: readonly string[];
  readonly progress: Progress;
}

/** Resolves when the dependencies of a one-off are as its conditions want them; throws when one cannot become so and is required. */
export async function followDependencies(control: ControlClient, dependencies: Dependencies): Promise<void> {
  const { stack, service, taskIds, progress } = dependencies;
  if (taskIds.length === 0) return;
  const narrator = new TaskNarrator(progress);
  await followObjects(control, { stack, kinds: ['task'] }, undefined, (view) => {
    const verdicts = taskIds.map((id) => {
      const task = view.task(id);
      if (task === undefined) return judgeTask(task, 'started');
      const dependency = service.dependsOn[task.service];
      const waitsForHealth = dependency?.condition === 'service_healthy';
      const word = taskWord(task, 'keep', waitsForHealth);
      if (word !== null) narrator.tell(`Container ${task.containerName}`, 'keep', word);
      return verdictOf(dependency, () =>
        judgeTask(task, goalOf(dependency), { mayComplete: isCompletion(dependency), nowMs: Infinity }),
      );
    });
    const failure = verdicts.find(
      (verdict): verdict is Extract<Verdict, { kind: 'failed' }> => verdict.kind === 'failed',
    );
    if (failure !== undefined) throw dependencyError(failure);
    return verdicts.every(({ kind }) => kind === 'reached');
  });
}

type Dependency = ServiceSpec['dependsOn'][string] | undefined;

/** Dependencies of dependencies only have to be started: who needs more of them waits for it. */
function goalOf(dependency: Dependency): 'started' | 'ready' {
  return dependency === undefined || dependency.condition === 'service_started' ? 'started' : 'ready';
}

function isCompletion(dependency: Dependency): boolean {
  return dependency?.condition === 'service_completed_successfully';
}

/** The failure of one that is not required counts as done. */
function verdictOf(dependency: Dependency, judge: () => Verdict): Verdict {
  const verdict = judge();
  return verdict.kind === 'failed' && dependency?.required === false ? { kind: 'reached' } : verdict;
}

function dependencyError({ message, hint }: Extract<Verdict, { kind: 'failed' }>): TsstackError {
  const text = message.startsWith('dependency failed') ? message : `dependency failed to start: ${message}`;
  return new TsstackError('conflict', text, hint === null ? {} : { hint });
}
