import { Cron } from 'croner';
import type { ScheduleSpec } from './deploy-spec.ts';

/** Why it is no schedule, in one line; null when it is one. */
export function scheduleProblem({ cron, timeZone }: ScheduleSpec): string | null {
  try {
    // A time zone that does not exist shows only when a time is asked for.
    return parse({ cron, timeZone }).nextRun() === null ? `"${cron}" never comes true` : null;
  } catch (error) {
    return `"${cron}" (${timeZone}): ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The first time of the schedule after that one, in milliseconds since the epoch; null when there is none any more. */
export function nextTime(schedule: ScheduleSpec, afterMs: number): number | null {
  return parse(schedule).nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** Five fields as crontab(5) has them, six with seconds first; nothing is started by it. */
function parse({ cron, timeZone }: ScheduleSpec): Cron {
  return new Cron(cron, { timezone: timeZone, paused: true });
}
