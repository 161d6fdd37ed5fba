import { TsstackError } from '../../model/errors.ts';
import type { TaskObject } from '../../model/objects.ts';
import { isUp } from '../output/container-row.ts';
import { sortTasks } from '../tasks/list-tasks.ts';

/**
 * The running container that a verb about one container means: number `index`, else the lowest-numbered that runs; a one-off only when
 * the service has no other.
 */
export function pickContainer(tasks: readonly TaskObject[], service: string, index: number | undefined): TaskObject {
  const candidates = sortTasks(tasks.filter((task) => task.service === service));
  if (index !== undefined && index > 0) {
    const numbered = candidates.find((task) => task.oneOff === null && task.slot === index);
    if (numbered !== undefined && isUp(numbered)) return numbered;
    throw new TsstackError('conflict', `service "${service}" is not running container #${index}`, {
      hint: 'see `tsstack ps -a`',
    });
  }
  const running = candidates.find(isUp);
  if (running !== undefined) return running;
  throw new TsstackError('conflict', `service "${service}" is not running`, {
    hint: `start it with \`tsstack up -d ${service}\``,
  });
}
