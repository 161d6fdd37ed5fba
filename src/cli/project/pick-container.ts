import { TsstackError } from '../../model/errors.ts';
import type { TaskObject } from '../../model/objects.ts';
import { isUp } from '../output/container-row.ts';
import { sortTasks } from '../tasks/list-tasks.ts';

/**
 * The running container that a verb about one container means: number `index`, else the lowest-numbered that runs; a one-off only when
 * the service has no other, and one of the given tasks that is on its way out only when there is nothing else.
 */
export function pickContainer(tasks: readonly TaskObject[], service: string, index: number | undefined): TaskObject {
  const sorted = sortTasks(tasks.filter((task) => task.service === service && isUp(task)));
  const isLeaving = ({ desired }: TaskObject): boolean => desired === 'remove';
  const candidates = [...sorted.filter((task) => !isLeaving(task)), ...sorted.filter(isLeaving)];
  if (index !== undefined && index > 0) {
    const numbered = candidates.find((task) => task.oneOff === null && task.slot === index);
    if (numbered !== undefined) return numbered;
    throw new TsstackError('conflict', `service "${service}" is not running container #${index}`, {
      hint: 'see `tsstack ps -a`',
    });
  }
  const [first] = candidates;
  if (first !== undefined) return first;
  throw new TsstackError('conflict', `service "${service}" is not running`, {
    hint: `start it with \`tsstack up -d ${service}\``,
  });
}
