import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { buildExecProcess } from '../../../../agents/host/containers/exec-process.ts';
import type { OciProcess } from '../../../../agents/host/containers/oci-spec.ts';

describe('the process of an exec', () => {
  const base: OciProcess = {
    terminal: false,
    user: { uid: 0, gid: 0, additionalGids: [] },
    args: ['server'],
    env: [],
    cwd: '/',
    capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
    rlimits: [],
    noNewPrivileges: true,
  };
  const labels = { apparmorProfile: 'strict', selinuxLabel: 'system_u:system_r:container_t:s0' };
  const request = {
    command: ['sh'],
    tty: false,
    size: null,
    environment: [],
    workingDir: null,
    privileged: false,
  } as unknown as Parameters<typeof buildExecProcess>[0]['request']; // the fields that matter here

  it('is confined as the container is, also with all capabilities', () => {
    for (const privileged of [false, true]) {
      const process = buildExecProcess({
        base: { ...base, ...labels },
        request: { ...request, privileged },
        user: null,
        allCapabilities: ['CAP_SYS_ADMIN'],
      });
      assert.deepEqual({ apparmorProfile: process.apparmorProfile, selinuxLabel: process.selinuxLabel }, labels);
    }
  });
});
