// Cyan, yellow, green, magenta, blue, then the same brighter: readable on dark and light, and red stays free for errors.
const colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

/** The prefix of the n-th container in its colour. */
export function paintPrefix(text: string, number: number, isOn: boolean): string {
  return isOn ? `\u001b[${colours[number % colours.length]}m${text}\u001b[0m` : text;
}
