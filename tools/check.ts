/** `npm run check`: every gate that needs no container. All of them run, the failures are shown, the exit status is theirs. */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

interface Gate {
  readonly name: string;
  readonly command: readonly string[];
}

const root = join(import.meta.dirname, '..');
const bin = (name: string): string => join(root, 'node_modules/.bin', name);
const cFiles = globSync('native/**/*.{c,h}', { cwd: root, exclude: (path) => path.includes('build') }).toSorted();

const gates: readonly Gate[] = [
  { name: 'types', command: [bin('tsc'), '--noEmit', '-p', '.'] },
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--deny-warnings'] },
  { name: 'format', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
  { name: 'dead exports', command: [bin('knip')] },
  { name: 'attribute table', command: [process.execPath, 'tools/generate-attributes.ts', '--check'] },
  { name: 'C format', command: ['clang-format', '--dry-run', '--Werror', ...cFiles] },
  { name: 'C warnings', command: ['make', '-s', '-C', 'native', '-j2'] },
];

interface Outcome {
  readonly code: number;
  readonly output: string;
}

function run(command: readonly string[]): Promise<Outcome> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    // The project's Node comes first, because the machine's own may be too old for the tools.
    const env = { ...process.env, PATH: `${join(root, 'node_modules/node/bin')}:${process.env['PATH'] ?? ''}` };
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: 1, output: `${program}: ${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

const wanted = process.argv.slice(2);
let failures = 0;
for (const gate of gates.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const started = performance.now();
  const { code, output } = await run(gate.command);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${gate.name} (${seconds} s)\n`);
  if (code !== 0) {
    failures += 1;
    process.stdout.write(output);
  }
}
process.exitCode = failures === 0 ? 0 : 1;
