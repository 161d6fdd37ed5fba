import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { fileLabels, securityLabels } from '../../../../agents/host/containers/security-labels.ts';
import type { SecurityFacts } from '../../../../agents/host/containers/security-labels.ts';

describe('security labels', () => {
  const none = { apparmor: null, selinux: [], privileged: false };
  const host = (...securityModules: SecurityFacts['securityModules']): SecurityFacts => ({
    securityModules,
    hasDefaultApparmorProfile: false,
  });

  it('are none where the file asks for none', () => {
    assert.deepEqual(securityLabels(none, host('apparmor', 'selinux')), {});
  });

  it('are the AppArmor profile, which a host has to be able to enforce', () => {
    const strict = { ...none, apparmor: 'strict' };
    assert.deepEqual(securityLabels(strict, host('apparmor')), { apparmorProfile: 'strict' });
    assert.throws(() => securityLabels(strict, host()), /security_opt apparmor=strict: this host has no AppArmor/);
    assert.deepEqual(securityLabels({ ...none, apparmor: 'unconfined' }, host()), {});
  });

  it('are the default profile where the host has loaded it, but for containers that name another or are privileged', () => {
    const loaded = { ...host('apparmor'), hasDefaultApparmorProfile: true };
    assert.deepEqual(securityLabels(none, loaded), { apparmorProfile: 'tsstack-default' });
    assert.deepEqual(securityLabels({ ...none, apparmor: 'strict' }, loaded), { apparmorProfile: 'strict' });
    assert.deepEqual(securityLabels({ ...none, apparmor: 'unconfined' }, loaded), { apparmorProfile: 'unconfined' });
    assert.deepEqual(securityLabels({ ...none, privileged: true }, loaded), {});
  });

  it('are those of SELinux with what the file changes of them, only where there is SELinux', () => {
    const labelled = { ...none, selinux: ['type:svirt_lxc_net_t', 'level:s0:c1,c2'] };
    assert.deepEqual(securityLabels(labelled, host('selinux')), {
      selinuxLabel: 'system_u:system_r:svirt_lxc_net_t:s0:c1,c2',
      mountLabel: 'system_u:object_r:container_file_t:s0:c1,c2',
    });
    assert.deepEqual(securityLabels(labelled, host('apparmor')), {});
    assert.deepEqual(securityLabels({ ...none, selinux: ['disable'] }, host('selinux')), {});
  });

  it('of files are those of the container, of all containers and of layers, only where there is SELinux', () => {
    const selinux = ['type:svirt_lxc_net_t', 'level:s0:c1,c2'];
    assert.deepEqual(fileLabels({ selinux }, host('selinux')), {
      own: 'system_u:object_r:container_file_t:s0:c1,c2',
      shared: 'system_u:object_r:container_file_t:s0',
      layers: 'system_u:object_r:container_ro_file_t:s0',
    });
    for (const none of [[], ['disable']])
      assert.equal(fileLabels({ selinux: none }, host('selinux'))?.own, 'system_u:object_r:container_file_t:s0');
    assert.equal(fileLabels({ selinux }, host('apparmor')), null);
  });
});
