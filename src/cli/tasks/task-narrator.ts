import type { Progress, ProgressEvent } from '../output/progress/progress-event.ts';
import type { TaskChange } from './task-word.ts';

/** The words of a container's way, in order. */
const courses: Readonly<Record<TaskChange | 'stop' | 'remove', readonly string[]>> = {
  create: ['Creating', 'Created', 'Starting', 'Started'],
  replace: ['Recreate', 'Recreated', 'Starting', 'Started'],
  start: ['Starting', 'Started'],
  restart: ['Restarting', 'Restarted'],
  keep: [],
  stop: ['Stopping', 'Stopped'],
  remove: ['Removing', 'Removed'],
};

/** Words that show that the container has been started, though they are none of a course themselves. */
const wordsOfStarted = new Set(['Healthy', 'Unhealthy', 'Exited', 'Running']);

/**
 * Tells of containers in full: changes come in batches, and a step that took no time would be missing in the story
 * (`Created` between `Creating` and `Starting`).
 */
export class TaskNarrator {
  readonly #progress: Progress;
  /** Index of the last word of each course that was told, by container. */
  readonly #told = new Map<string, number>();

  readonly #last = new Map<string, string>();

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  /** What has been told last is not told again. */
  tell(id: string, change: TaskChange, word: Omit<ProgressEvent, 'id'>): void {
    const whole = `${word.text} ${word.details ?? ''}`;
    if (this.#last.get(id) === whole) return;
    this.#last.set(id, whole);
    for (const text of this.#skipped(id, change, word.text)) {
      this.#progress.event({ id, state: isDoing(text) ? 'working' : 'done', text });
    }
    this.#progress.event({ id, ...word });
  }

  #skipped(id: string, change: TaskChange, text: string): readonly string[] {
    const name = courseOf(change, text);
    const course = courses[name];
    const key = `${id} ${name}`;
    const told = this.#told.get(key) ?? -1;
    const end = wordsOfStarted.has(text) ? course.length : course.indexOf(text);
    if (end <= told) return [];
    this.#told.set(key, Math.min(end, course.length - 1));
    return course.slice(told + 1, end);
  }
}

function courseOf(change: TaskChange, text: string): keyof typeof courses {
  if (courses.stop.includes(text)) return 'stop';
  return courses.remove.includes(text) ? 'remove' : change;
}

function isDoing(text: string): boolean {
  return text.endsWith('ing') || text === 'Recreate';
}
