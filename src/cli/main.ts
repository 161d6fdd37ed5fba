/** Start of the command line. */
import { BundleParts } from './bundle-parts.ts';
import type { runProcess as runProcessHere } from './run-process.ts';
import { verbNames } from './verb-names.ts';

/** Commands that live on (`logs -f`, the daemon) keep their code after this time, others when they end. */
const saveAfterMs = 10_000;

const argv = process.argv.slice(2);
const parts = new BundleParts(import.meta.dirname, argv.find((word) => verbNames.has(word)) ?? null);
const { runProcess } = parts.load('./run-process.cjs') as { runProcess: typeof runProcessHere };
setTimeout(() => parts.save(), saveAfterMs).unref();
// What failed has not come to most of what it would need the next time.
process.on('exit', (code) => code === 0 && parts.save());
void runProcess(argv);
