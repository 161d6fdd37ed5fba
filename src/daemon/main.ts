/** Start of the daemon's process. Everything else is loaded behind the compile cache, which keeps V8's code between starts. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/tsstack'));
const { runDaemon } = await import('./run-daemon.ts');
await runDaemon(process.argv.slice(2));
