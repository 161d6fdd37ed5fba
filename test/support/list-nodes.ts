import type { TestHost } from './test-host.ts';

/** As much of a row of `node ls` as tests look at. */
export interface NodeRow {
  readonly ID: string;
  readonly Hostname: string;
  readonly State: string;
  readonly Role: string;
  readonly Address: string;
}

/** The nodes as a manager lists them. */
export async function listNodes(manager: TestHost): Promise<readonly NodeRow[]> {
  const { stdout } = await manager.ok(['node', 'ls', '--format', 'json']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as NodeRow);
}
