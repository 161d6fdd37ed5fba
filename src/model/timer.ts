/** Longest time that a timer of Node can be set to, in ms, 24.8 days: with more it goes off at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Calls back after that many ms, however many. Returns what ends it. */
export function startTimer(delayMs: number, callback: () => void): () => void {
  let leftMs = delayMs;
  const goOn = (): NodeJS.Timeout => {
    const partMs = Math.min(leftMs, longestTimerMs);
    leftMs -= partMs;
    return setTimeout(leftMs > 0 ? () => void (timer = goOn()) : callback, partMs);
  };
  let timer = goOn();
  return () => clearTimeout(timer);
}
