/** The next steps of an update: a pure function of the service, its tasks and the time. */
import { canonicalJson } from '../../../model/canonical-json.ts';
import type { ServiceObject, TaskObject, UpdateStatus } from '../../../model/objects.ts';
import { isAhead } from '../../loops/is-ahead.ts';
import { slotsOf, type Slot } from '../../tasks/slots.ts';
import { isUp } from '../../tasks/task-fate.ts';
import { hasHeirReady } from './create-first.ts';
import { isPrepared, preparationOf } from './prepare-slot.ts';
import { finishedMs, replacementIn, type Replacement } from './slot-progress.ts';
import { endUpdate, isUnderWay } from './update-status.ts';

export interface UpdateAdvance {
  /** As it becomes; the same object when nothing changes. */
  readonly status: UpdateStatus;
  /** Why the service is to go back to what it was; null = it is not. */
  readonly rollBack: string | null;
  /** Slots whose turn has come: their outdated tasks are replaced. */
  readonly begin: readonly Slot[];
  /** New containers that have come up, to be noted. */
  readonly up: readonly TaskObject[];
  /** Old containers that are not needed any more. */
  readonly dismiss: readonly TaskObject[];
  /** When time alone may change something (ms since the epoch); null = never. */
  readonly lookAgainAt: number | null;
}

/** `now` is in RFC 3339. */
export function advanceUpdate(
  service: ServiceObject,
  update: UpdateStatus,
  tasks: readonly TaskObject[],
  now: string,
): UpdateAdvance {
  const slots = slotsOf(tasks, service);
  const dismiss = slots.flatMap(dismissedIn);
  const idle = { status: update, rollBack: null, begin: [], up: [], dismiss, lookAgainAt: null };
  if (!isUnderWay(update)) return idle;
  const nowMs = Date.parse(now);
  const replacements = slots.flatMap((slot) => replacementIn(slot, service, update, nowMs) ?? []);
  const up = replacements.filter(({ isNoted, upMs }) => !isNoted && upMs !== null).map(({ task }) => task);
  const counted = countFailures(update, replacements);
  const failure = actionableFailure(counted, replacements);
  if (failure !== null) return { ...idle, up, ...actOn(counted, failure, now) };
  const begun = new Set(replacements.map(({ task }) => task.slot));
  const left = slots.filter(
    ({ number, current, outdated }) => current.length === 0 && outdated.length > 0 && !begun.has(number),
  );
  // Those whose images are there have a worker already, which goes on.
  const hasImages = ({ outdated }: Slot): boolean => outdated.some((old) => isPrepared(old, update));
  const prepared = left.filter(hasImages);
  const waiting = left.filter((slot) => !hasImages(slot));
  const { count, lookAgainAt } = freeWorkers(counted, replacements, nowMs);
  const begin = [...prepared, ...waiting.slice(0, Math.max(0, count - prepared.length))];
  const isAllBegun = begin.length === 0 && waiting.length === 0;
  const end = isAllBegun ? endOf(counted, replacements, nowMs) : null;
  const progress = describe(counted, replacements);
  const status = end === 'now' ? endUpdate(progress, 'completed', now, endMessage(progress)) : progress;
  const deadlines = replacements.filter(({ upMs }) => upMs === null).map(({ deadlineMs }) => deadlineMs);
  const times = [...deadlines, lookAgainAt ?? Infinity, typeof end === 'number' ? end : Infinity];
  const nextMs = Math.min(...times.filter((time) => time > nowMs));
  const isSame = canonicalJson([status]) === canonicalJson([update]);
  return { ...idle, up, begin, status: isSame ? update : status, lookAgainAt: nextMs === Infinity ? null : nextMs };
}

/** Once what is wanted serves, or was there before (after a rollback), the rest of the slot goes, also when the update has ended meanwhile. */
function dismissedIn({ current, outdated }: Slot): readonly TaskObject[] {
  const wanted = current.at(-1);
  if (wanted === undefined) return [];
  const mayGo = isUp(wanted) || (wanted.rollout?.order === 'create-first' && hasHeirReady(wanted));
  return outdated.filter((task) => mayGo || wanted.createdAt < task.createdAt);
}

function countFailures(update: UpdateStatus, replacements: readonly Replacement[]): UpdateStatus {
  const news = replacements.filter(({ failure, isKnownFailure }) => failure !== null && !isKnownFailure);
  if (news.length === 0) return update;
  return { ...update, failedSlots: [...update.failedSlots, ...news.map(({ task }) => task.slot)] };
}

/** What ends the update, if its action is anything but to continue. */
function actionableFailure(
  { config, failedSlots, total }: UpdateStatus,
  replacements: readonly Replacement[],
): string | null {
  if (config.failureAction === 'continue') return null;
  const failed = replacements.filter(({ failure }) => failure !== null);
  const late = failed.find(({ isLate }) => isLate);
  if (late !== undefined) return late.failure;
  const isTooMuch = failedSlots.length > config.maxFailureRatio * total;
  if (!isTooMuch) return null;
  const last = failed.findLast(({ isKnownFailure }) => !isKnownFailure) ?? failed.at(-1);
  return last?.failure ?? 'too many containers have failed';
}

function actOn(update: UpdateStatus, failure: string, now: string): Pick<UpdateAdvance, 'status' | 'rollBack'> {
  const message = `${failedCount(update)}; ${failure}`;
  const isRollback = update.config.failureAction === 'rollback' && update.state === 'updating';
  return isRollback
    ? { status: update, rollBack: message }
    : { status: endUpdate(update, 'paused', now, message), rollBack: null };
}

function failedCount({ failedSlots, total }: UpdateStatus): string {
  return `${failedSlots.length} of ${total} failed`;
}

/** Workers that may take another slot now, and when the next one of the others has waited for the delay. */
function freeWorkers(
  { config }: UpdateStatus,
  replacements: readonly Replacement[],
  nowMs: number,
): { readonly count: number; readonly lookAgainAt: number | null } {
  const ends = replacements.map((replacement) => {
    const finished = finishedMs(replacement, nowMs);
    if (finished === null) return Infinity;
    return isAhead(finished, nowMs) ? nowMs : finished + config.delayMs;
  });
  const busy = ends.filter((end) => end > nowMs);
  const parallelism = config.parallelism === 0 ? Infinity : config.parallelism;
  const nextMs = Math.min(...busy);
  return { count: Math.max(0, parallelism - busy.length), lookAgainAt: nextMs === Infinity ? null : nextMs };
}

/** After the last slot the new containers are watched for one more period. */
function endOf(update: UpdateStatus, replacements: readonly Replacement[], nowMs: number): 'now' | number | null {
  const ends = replacements.map((replacement) => finishedMs(replacement, nowMs));
  if (ends.includes(null)) return null;
  if (update.config.failureAction === 'continue') return 'now';
  const known = ends.filter((end) => end !== null && !isAhead(end, nowMs));
  const watchedMs = Math.max(0, ...known.map((end) => end ?? 0)) + update.config.monitorMs;
  return watchedMs <= nowMs ? 'now' : watchedMs;
}

function describe(update: UpdateStatus, replacements: readonly Replacement[]): UpdateStatus {
  // Of a rollback the message says why it is done.
  if (update.state === 'rollback_started') return update;
  const done = replacements.filter(({ upMs }) => upMs !== null).length;
  const failed = update.failedSlots.length === 0 ? '' : `, ${update.failedSlots.length} failed`;
  const next = replacements.map(({ task, upMs }) => (upMs === null ? preparationMessage(task, update) : ''));
  const coming = next.find((message) => message !== '');
  const waits = coming === undefined ? '' : `; the next one ${coming}`;
  return { ...update, message: `${done} of ${update.total} replaced${failed}${waits}` };
}

/** How far the images of the next container are: of one that moves, its own node says so. */
function preparationMessage(task: TaskObject, update: UpdateStatus): string {
  if (task.rollout?.order === 'create-first') return task.status.state === 'preparing' ? task.status.message : '';
  const preparation = preparationOf(task, update);
  return preparation?.state === 'preparing' ? preparation.message : '';
}

function endMessage({ state, message }: UpdateStatus): string {
  return state === 'rollback_started' ? `rolled back: ${message}` : message;
}
