import { TsstackError } from '../../../src/model/errors.ts';
import { errorOfProblem } from '../../../src/rpc/error-mapping.ts';
import type { Problem, ReportRequest, ReportResponse, TaskStatusUpdate } from '../../../src/rpc/messages.ts';
import type { DispatcherClient, DuplexStream } from '../../../src/rpc/service-types.ts';

/** So long the answer to a heartbeat may take, in ms (semantics.md, section 2). */
const answerMs = 5000;

/** So long a manager that answers heartbeats may take to store a batch, in ms: its etcd is given up after 5 s, a large `up` keeps it busy for longer. */
const storeMs = 30_000;

interface Batch {
  readonly number: number;
  readonly stored: PromiseWithResolvers<void>;
  readonly timer: NodeJS.Timeout;
}

/** Told of each heartbeat. */
interface HeartbeatListener {
  expectAnswer(): void;
  answered(): void;
}

/**
 * The stream of one session on which a manager hears that this host is alive, and what has happened to its tasks. One batch is under way at a time,
 * and counts as told only when the manager has said that it is stored.
 */
export class ReportStream {
  readonly #stream: DuplexStream<ReportRequest, ReportResponse>;
  readonly #sessionId: string;
  readonly #listener: HeartbeatListener | undefined;
  readonly #late = Promise.withResolvers<never>();
  /** Until the answer to a heartbeat, then until the next heartbeat. */
  #timer: NodeJS.Timeout | undefined;
  #isBeating = false;
  #batch: Batch | null = null;
  #sent = 0;
  #isOver = false;

  /** Ends when the signal aborts. */
  constructor(
    client: Pick<DispatcherClient, 'report'>,
    sessionId: string,
    signal: AbortSignal,
    listener?: HeartbeatListener,
  ) {
    this.#listener = listener;
    this.#stream = client.report({ signal });
    this.#sessionId = sessionId;
    // Nobody may be waiting when an answer is late.
    this.#late.promise.catch(() => undefined);
  }

  /** Beats until the session ends; rejects when an answer does not come in time. Call it once. */
  async run(): Promise<void> {
    this.#beat();
    try {
      await Promise.race([this.#read(), this.#late.promise]);
    } finally {
      this.#isOver = true;
      clearTimeout(this.#timer);
      this.#stream.cancel();
      this.#settle(streamOver());
    }
  }

  /** Resolves when the manager has stored the updates. Rejects with what it has against them, or when the stream ends before its answer. */
  async send(updates: readonly TaskStatusUpdate[]): Promise<void> {
    if (this.#isOver) throw streamOver();
    if (this.#batch !== null) throw new TsstackError('internal', 'report states: the batch before is not answered yet');
    const stored = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#giveUp(`did not store a batch of states within ${storeMs} ms`), storeMs);
    this.#batch = { number: ++this.#sent, stored, timer };
    this.#write(this.#batch.number, updates);
    await stored.promise;
  }

  #beat(): void {
    this.#isBeating = true;
    this.#timer = setTimeout(() => this.#giveUp(`did not answer a heartbeat within ${answerMs} ms`), answerMs);
    this.#listener?.expectAnswer();
    this.#write(0, []);
  }

  /** That the stream is over is said, with the reason, to whoever reads it. */
  #write(batch: number, updates: readonly TaskStatusUpdate[]): void {
    this.#stream.write({ sessionId: this.#sessionId, batch, updates }).catch(() => undefined);
  }

  async #read(): Promise<void> {
    for await (const { batch, periodMs, problem } of this.#stream) {
      // What came before an answer was late may be read after that.
      if (this.#isOver) return;
      if (batch === 0) this.#heard();
      else this.#answer(batch, problem);
      // A batch says that this host is alive as well as a heartbeat does.
      if (!this.#isBeating) this.#beatIn(periodMs);
    }
  }

  #heard(): void {
    this.#isBeating = false;
    this.#listener?.answered();
  }

  #beatIn(periodMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#beat(), periodMs);
  }

  #answer(batch: number, problem: Problem | null): void {
    if (batch === this.#batch?.number) this.#settle(problem === null ? null : errorOfProblem(problem));
    else
      throw new TsstackError('internal', `report states: the manager answered batch ${batch}, which is not under way`);
  }

  #settle(failure: TsstackError | null): void {
    if (this.#batch === null) return;
    const { stored, timer } = this.#batch;
    this.#batch = null;
    clearTimeout(timer);
    if (failure === null) stored.resolve();
    else stored.reject(failure);
  }

  #giveUp(what: string): void {
    this.#late.reject(new TsstackError('timeout', `the manager ${what}`));
  }
}

function streamOver(): TsstackError {
  return new TsstackError('unavailable', 'report states: the session is over', { retryable: true });
}
