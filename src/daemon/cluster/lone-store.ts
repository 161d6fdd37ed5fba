/** What a host had when it was alone lies in `lone/` below its data root while it is a worker, and is as it was when it leaves. */
import { existsSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** The store of its manager, its identity, and its volumes, which the agent of a cluster would take for leftovers. */
const parts = ['manager', 'agent.json', 'volumes'] as const;

/** Puts it out of the way. What a crash interrupted is carried on. */
export function setLoneStoreAside(dataRoot: string): void {
  const aside = join(dataRoot, 'lone');
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const part of parts) {
    const [from, to] = [join(dataRoot, part), join(aside, part)];
    // What is aside already is the host's; what is in its place then is the cluster's.
    if (existsSync(from) && !existsSync(to)) renameSync(from, to);
  }
  // So that there is something to bring back for each part: what has nothing aside is in its place already.
  mkdirSync(join(aside, 'volumes'), { recursive: true, mode: 0o711 });
}

/** Whether there is something to bring back. */
export function isLoneStoreAside(dataRoot: string): boolean {
  return existsSync(join(dataRoot, 'lone'));
}

/** Brings it back. What the cluster has left behind is moved to `left/TIME`: its volumes may hold data that somebody wants. */
export function bringLoneStoreBack(dataRoot: string, now: Date): void {
  const aside = join(dataRoot, 'lone');
  // The first manager had joined nobody, and put nothing aside.
  const hasAside = existsSync(aside);
  const left = join(dataRoot, 'left', now.toISOString().replaceAll(':', '-'));
  for (const part of parts) {
    const [here, away] = [join(dataRoot, part), join(aside, part)];
    if (hasAside && !existsSync(away)) continue;
    if (existsSync(here)) {
      mkdirSync(left, { recursive: true, mode: 0o700 });
      renameSync(here, join(left, part));
    }
    if (hasAside) renameSync(away, here);
  }
  if (hasAside) rmdirSync(aside);
}
