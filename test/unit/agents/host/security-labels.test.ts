import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { securityLabels } from '../../../../agents/host/containers/security-labels.ts';

describe('security labels', () => {
  const none = { apparmor: null, selinux: [] };

  it('are none where the file asks for none', () => {
    assert.deepEqual(securityLabels(none, ['apparmor', 'selinux']), {});
  });

  it('are the AppArmor profile, which a host has to be able to enforce', () => {
    const strict = { ...none, apparmor: 'strict' };
    assert.deepEqual(securityLabels(strict, ['apparmor']), { apparmorProfile: 'strict' });
    assert.throws(() => securityLabels(strict, []), /security_opt apparmor=strict: this host has no AppArmor/);
    assert.deepEqual(securityLabels({ ...none, apparmor: 'unconfined' }, []), {});
  });

  it('are those of SELinux with what the file changes of them, only where there is SELinux', () => {
    const labelled = { ...none, selinux: ['type:svirt_lxc_net_t', 'level:s0:c1,c2'] };
    assert.deepEqual(securityLabels(labelled, ['selinux']), {
      selinuxLabel: 'system_u:system_r:svirt_lxc_net_t:s0:c1,c2',
      mountLabel: 'system_u:object_r:container_file_t:s0:c1,c2',
    });
    assert.deepEqual(securityLabels(labelled, ['apparmor']), {});
    assert.deepEqual(securityLabels({ ...none, selinux: ['disable'] }, ['selinux']), {});
  });
});
