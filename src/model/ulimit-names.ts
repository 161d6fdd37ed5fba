/** Limits of processes that Linux has, by their names in `ulimits` (getrlimit(2), without RLIMIT_). */
export const ulimitNames: readonly string[] =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');
