/** The steps of a plan as text, JSON or dry-run progress. */
import type { ApplyStackResponse, PlanStep } from '../../rpc/messages.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { paint, type Colour } from './colour.ts';
import { openProgress } from './progress/open-progress.ts';
import { titleOf } from './object-titles.ts';

interface ActionStyle {
  readonly mark: string;
  readonly colour: Colour;
  /** What is said of it once it is done; in a dry run, too. */
  readonly past: string;
}

const styles: Readonly<Record<string, ActionStyle>> = {
  create: { mark: '+', colour: 'green', past: 'Created' },
  replace: { mark: '~', colour: 'yellow', past: 'Recreated' },
  start: { mark: '>', colour: 'green', past: 'Started' },
  restart: { mark: '>', colour: 'yellow', past: 'Restarted' },
  stop: { mark: '.', colour: 'yellow', past: 'Stopped' },
  remove: { mark: '-', colour: 'red', past: 'Removed' },
  keep: { mark: ' ', colour: 'dim', past: 'Running' },
  update: { mark: '~', colour: 'yellow', past: 'Updated' },
};

const fallback: ActionStyle = { mark: '*', colour: 'cyan', past: '' };

/** True for steps that change nothing. */
function isKeep({ action }: PlanStep): boolean {
  return action === 'keep';
}

/** `+ create   container p-web-1`, each with its reasons below it; what is kept comes last. Without a change it says only that. */
export function planText({ steps, orphans, warnings }: ApplyStackResponse, colours: boolean): string {
  const changes = steps.filter((step) => !isKeep(step));
  const shown = changes.length === 0 ? [] : [...changes, ...steps.filter(isKeep)];
  const lines = shown.flatMap((step) => {
    const { mark, colour } = styles[step.action] ?? fallback;
    const head = `${mark} ${step.action.padEnd(8)} ${step.kind.padEnd(10)} ${step.name}`;
    return [paint(head, colour, colours), ...step.reasons.map((reason) => `      ${reason}`)];
  });
  const notes = [...warnings, ...orphansNote(orphans)].map((note) => `warning: ${note}`);
  return [...(lines.length === 0 ? ['No changes.'] : lines), ...notes, ...summary(shown)]
    .map((line) => `${line}\n`)
    .join('');
}

/** Orphans are named once, with what to do about them. */
export function orphansNote(orphans: readonly string[]): readonly string[] {
  if (orphans.length === 0) return [];
  return [
    `found orphan containers (${orphans.join(', ')}) of services that the file does not have; --remove-orphans removes them`,
  ];
}

function summary(steps: readonly PlanStep[]): readonly string[] {
  if (steps.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { action } of steps) counts.set(action, (counts.get(action) ?? 0) + 1);
  return ['', `Plan: ${[...counts].map(([action, count]) => `${count} to ${action}`).join(', ')}.`];
}

/** What --dry-run shows: the progress that there would be. */
export function showDryRunSteps(
  context: Pick<CommandContext, 'globals' | 'io'>,
  title: string,
  steps: readonly PlanStep[],
): void {
  const progress = openProgress(context, title);
  // Of what is kept, containers alone are said to run.
  for (const { action, kind, name } of steps.filter((step) => !isKeep(step) || step.kind === 'container')) {
    const text = styles[action]?.past ?? action;
    progress.event({ id: titleOf(kind, name), state: 'done', text });
  }
  progress.stop();
}
