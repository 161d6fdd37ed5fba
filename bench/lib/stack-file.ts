import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A stack file of `count` services that only sleep: what the engine costs, not the programs. Gives its path. */
export function writeSleepers(directory: string, image: string, count: number): string {
  const services = Array.from(
    { length: count },
    (_, index) =>
      `  s${index + 1}:\n    image: ${image}\n    init: true\n    command: sleep 1000000\n    stop_grace_period: 1s\n`,
  );
  const path = join(directory, `sleepers-${count}.yml`);
  writeFileSync(
    path,
    `version: "3.7"\nname: bench${count}\nservices:\n${services.join('')}`.replace(/^name:.*\n/m, ''),
  );
  return path;
}

/** A stack file of one service that prints `lines` lines of 100 bytes and ends. Gives its path. */
export function writePrinter(directory: string, image: string, lines: number): string {
  const text = 'x'.repeat(99);
  const path = join(directory, 'printer.yml');
  const command = `yes ${text} | head -n ${lines}`;
  writeFileSync(
    path,
    `version: "3.7"\nservices:\n  printer:\n    image: ${image}\n    command: ["sh", "-c", "${command}"]\n` +
      `    logging:\n      driver: json-file\n      options:\n        max-size: "1g"\n        max-file: "2"\n`,
  );
  return path;
}
