import { TsstackError } from '../../model/errors.ts';
import type { ServiceObject, UpdateState, UpdateStatus } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress, ProgressEvent } from '../output/progress/progress-event.ts';
import { followObjects } from './follow-objects.ts';
import type { ObjectView } from './object-view.ts';

export interface FollowUpdatesOptions {
  readonly stack: string;
  readonly services: readonly string[];
  readonly progress: Progress;
  /** How they are meant to end. Default: completed. */
  readonly goal?: 'completed' | 'rollback_completed';
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when the updates of these services have ended, showing how far they are; throws when one is paused or was rolled back by itself. */
export async function followUpdates(control: ControlClient, options: FollowUpdatesOptions): Promise<void> {
  const { stack, services, progress, signal, goal = 'completed' } = options;
  if (services.length === 0) return;
  const shown = new Map<string, string>();
  const view = await followObjects(control, { stack, kinds: ['service'] }, signal, (now) => {
    const own = servicesOf(now, services);
    for (const service of own) show(service, progress, shown);
    return own.every(({ update }) => update === null || !isUnderWay(update.state));
  });
  for (const { name, update } of servicesOf(view, services)) {
    if (update !== null && update.state !== goal) throw updateError(name, update);
  }
}

function servicesOf(view: ObjectView, names: readonly string[]): readonly ServiceObject[] {
  return view.ofKind('service').filter(({ name }) => names.includes(name));
}

function isUnderWay(state: UpdateState): boolean {
  return state === 'updating' || state === 'rollback_started';
}

const words: Readonly<Record<UpdateState, Pick<ProgressEvent, 'state' | 'text'>>> = {
  updating: { state: 'working', text: 'Updating' },
  paused: { state: 'error', text: 'Paused' },
  completed: { state: 'done', text: 'Updated' },
  rollback_started: { state: 'warning', text: 'Rolling back' },
  rollback_paused: { state: 'error', text: 'Rollback paused' },
  rollback_completed: { state: 'warning', text: 'Rolled back' },
};

function show({ name, update }: ServiceObject, progress: Progress, shown: Map<string, string>): void {
  if (update === null) return;
  const line = `${update.state} ${update.message}`;
  if (shown.get(name) === line) return;
  shown.set(name, line);
  progress.event({ id: `Service ${name}`, ...words[update.state], details: update.message });
}

function updateError(name: string, { state, message }: UpdateStatus): TsstackError {
  const isBack = state === 'rollback_completed';
  const what = isBack
    ? 'the update was taken back'
    : state === 'paused'
      ? 'the update is paused'
      : 'the rollback is paused';
  return new TsstackError('conflict', `service ${name}: ${what}: ${message}`, {
    hint: isBack
      ? 'the service is as it was before; `tsstack plan` shows the difference to the file'
      : `see \`tsstack service ps ${name}\`; \`up\` with a better file goes on, \`tsstack service rollback ${name}\` goes back`,
  });
}
