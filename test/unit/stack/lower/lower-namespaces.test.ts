import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ComposeService } from '../../../../src/stack/compose-types.ts';
import { lowerNamespaces } from '../../../../src/stack/lower/lower-namespaces.ts';
import { namespacesSpec } from '../../../fixtures/specs.ts';

const service = (attributes: Partial<ComposeService>): ComposeService => ({
  command: null,
  entrypoint: null,
  ...attributes,
});
const lower = (attributes: Partial<ComposeService>, others: Readonly<Record<string, ComposeService>> = {}) =>
  lowerNamespaces('services.web', 'web', service(attributes), { web: service(attributes), ...others });

describe('the namespaces of a service', () => {
  it('are its own where the file says nothing', () => assert.deepEqual(lower({}), namespacesSpec()));

  it('are those of the host, of a service or of a container', () => {
    assert.deepEqual(
      lower({ pid: 'service:db', ipc: 'container:some-name', uts: 'host', cgroup: 'host' }),
      namespacesSpec({
        pid: { kind: 'service', service: 'db' },
        ipc: { kind: 'container', container: 'some-name' },
        uts: 'host',
        cgroup: 'host',
      }),
    );
    assert.deepEqual(
      lower({ pid: 'host', ipc: 'none' }),
      namespacesSpec({ pid: { kind: 'host' }, ipc: { kind: 'none' } }),
    );
  });

  it('can be joined where another service of the file does', () => {
    const borrower = service({ ipc: 'service:web' });
    assert.deepEqual(lower({}, { borrower }).ipc, { kind: 'shareable' });
    assert.deepEqual(lower({ ipc: 'private' }, { borrower }).ipc, { kind: 'private' });
  });

  it('of an unknown kind are an error', () => {
    assert.throws(
      () => lower({ pid: 'all' }),
      /services\.web\.pid: "all" is none of host, service:NAME and container:NAME/,
    );
  });
});
