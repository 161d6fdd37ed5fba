/** Times for people. */

const second = 1;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;
const month = 30 * day;
const year = 365 * day;

/** A span of time in words, as docker's tools say it: `2 minutes`, `About an hour`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < minute) return `${seconds} seconds`;
  if (seconds < 2 * minute) return 'About a minute';
  if (seconds < hour) return `${Math.floor(seconds / minute)} minutes`;
  const hours = Math.floor(seconds / hour + 0.5);
  if (hours === 1) return 'About an hour';
  if (seconds < 2 * day) return `${hours} hours`;
  if (seconds < 2 * week) return `${Math.floor(seconds / day)} days`;
  if (seconds < 2 * month) return `${Math.floor(seconds / week)} weeks`;
  if (seconds < 2 * year) return `${Math.floor(seconds / month)} months`;
  return `${Math.floor(seconds / year)} years`;
}
