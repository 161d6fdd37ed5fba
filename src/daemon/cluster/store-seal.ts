import { join } from 'node:path';
import { ContentSeal, loadSealKey, sealKeyPath } from '../../manager/authority/content-seal.ts';
import type { RoleContext } from '../roles/role.ts';

/** What seals contents in this manager's store; throws while its key is locked. */
export function storeSeal({ options, sealLock }: RoleContext): ContentSeal {
  return new ContentSeal(sealLock.key ?? loadSealKey(sealKeyPath(join(options.dataRoot, 'manager'))));
}
