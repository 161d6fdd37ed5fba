import { TaskError } from '../errors.ts';

/** Length of `2026-11-21T04:00:00.123456789Z`, the time at the start of each log record. */
export const timeLength = 30;

/** Brings an RFC 3339 time into the form of the records, in which text order is time order. */
export function toRecordTime(time: string): string {
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) throw new TaskError('invalid', `${time} is not a time`);
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  const seconds = new Date(milliseconds).toISOString().slice(0, 19);
  return `${seconds}.${fraction.slice(0, 9).padEnd(9, '0')}Z`;
}
