/**
 * Bundles the command line and the daemon with esbuild into dist/: one entry each, one chunk per verb, loaded when it is needed.
 * `--if-stale` does nothing when no source is newer than the last bundle.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const target = join(root, 'dist');
const stampPath = join(target, '.complete');
/** V8's compiled code (src/cli/main.ts, src/daemon/main.ts): one file for each chunk that was ever loaded. */
const compileCache = join(root, 'node_modules/.cache/tsstack');
const sources = ['src', 'agents', 'proto', 'tools/build.ts', 'package-lock.json'];

function newestChange(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), status.mtimeMs);
}

function currentCommit(): string {
  try {
    // The clone may be another user's: root works in it all the same.
    return execFileSync('git', ['-c', 'safe.directory=*', '-C', root, 'rev-parse', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'no-git';
  }
}

function isStale(): boolean {
  try {
    const built = statSync(stampPath).mtimeMs;
    return sources.some((source) => newestChange(join(root, source)) > built);
  } catch {
    return true;
  }
}

/**
 * The commit that bin/tsstack compares with, and the build that commands compare with that of the daemon (src/daemon/daemon-facts.ts): the
 * entry names its chunks by their content, and these theirs, so that its own content stands for all.
 */
function writeStamp(directory: string): void {
  const build = createHash('sha256')
    .update(readFileSync(join(directory, 'cli/main.js')))
    .digest('hex')
    .slice(0, 12);
  writeFileSync(join(directory, '.complete'), `${currentCommit()}\n${build}\n`);
}

/** Moves a directory away, out of the sight of commands that run; gives its new place. */
function setAside(directory: string): string {
  const aside = `${directory}.old-${process.pid}`;
  try {
    renameSync(directory, aside);
  } catch {
    // There was none.
  }
  return aside;
}

/** Puts the finished bundle in place: no command ever finds half of one. What was compiled of the old one goes with it. */
function replaceBundle(fresh: string): void {
  const old = setAside(target);
  renameSync(fresh, target);
  for (const stale of [old, setAside(compileCache)]) rmSync(stale, { recursive: true, force: true });
}

async function bundle(): Promise<void> {
  const fresh = `${target}.new-${process.pid}`;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  await build({
    absWorkingDir: root,
    entryPoints: { 'cli/main': 'src/cli/main.ts', 'daemon/main': 'src/daemon/main.ts' },
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'external',
    define: { 'process.env.TSSTACK_VERSION': JSON.stringify(version) },
    // Some packages are CommonJS and call require() for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  writeStamp(fresh);
  replaceBundle(fresh);
}

if (!process.argv.includes('--if-stale') || isStale()) {
  process.stderr.write('tsstack setup: bundling\n');
  await bundle();
} else if (readFileSync(stampPath, 'utf8').split('\n')[0] !== currentCommit()) {
  writeStamp(target);
}
