import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A stack file of `count` services that only sleep: what the engine costs, not the programs. Gives its path. */
export function writeSleepers(directory: string, image: string, count: number): string {
  const services = Array.from(
    { length: count },
    (_, index) =>
      `  s${index + 1}:\n    image: ${image}\n    init: true\n    command: sleep 1000000\n    stop_grace_period: 1s\n`,
  );
  const path = join(directory, `sleepers-${count}.yml`);
  writeFileSync(path, `version: "3.7"\nservices:\n${services.join('')}`);
  return path;
}

/** A stack file of one service that prints a file of `lines` lines of 100 bytes and ends: the cost of the log, not of making text. Gives its path. */
export function writePrinter(directory: string, image: string, lines: number): string {
  const block = `${'x'.repeat(99)}\n`.repeat(10_000);
  const text = join(directory, 'lines.txt');
  writeFileSync(text, '');
  for (let written = 0; written < lines; written += 10_000) appendFileSync(text, block);
  const path = join(directory, 'printer.yml');
  writeFileSync(
    path,
    `version: "3.7"\nservices:\n  printer:\n    image: ${image}\n    command: [cat, /lines.txt]\n` +
      `    volumes: ["${text}:/lines.txt:ro"]\n` +
      `    logging:\n      driver: json-file\n      options:\n        max-size: "1g"\n        max-file: "2"\n`,
  );
  return path;
}
