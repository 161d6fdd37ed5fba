import type { CallOptions, DuplexStream } from '../service-types.ts';
import type { Method } from '../wire/method.ts';

type AnyMessage = object;

/** Time for a call with one answer, unless its caller says otherwise. */
export const defaultUnaryDeadlineMs = 30_000;

/** Something that methods can be called over. */
export interface Caller {
  /** One request, one answer. */
  unary(method: Method, request: AnyMessage, options?: CallOptions): Promise<AnyMessage>;
  /** One request, many answers. The call begins with the iteration and is canceled when that is left early. */
  serverStream(method: Method, request: AnyMessage, options?: CallOptions): AsyncIterable<AnyMessage>;
  /** Messages both ways. */
  duplex(method: Method, options?: CallOptions): DuplexStream<AnyMessage, AnyMessage>;
  /** As for `Client` (service-types.ts). */
  close(): void;
}
