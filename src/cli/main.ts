/** Start of the command line. Everything else is loaded behind the compile cache, which keeps V8's code between commands. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/tsstack'));
void import('./run-process.ts').then(({ runProcess }) => runProcess(process.argv.slice(2)));
