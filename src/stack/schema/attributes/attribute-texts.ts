import type { AttributeGroup, AttributeTexts } from './attribute-text.ts';
import { build } from './build.ts';
import { deploy, extension } from './deploy.ts';
import { identity } from './identity.ts';
import { networkOfService } from './network-of-service.ts';
import { process } from './process.ts';
import { resources } from './resources.ts';
import { security } from './security.ts';
import { storage } from './storage.ts';
import { file, networksAndVolumes, payloads } from './top-level.ts';

/** Every attribute of a stack file, in the order of docs/attributes.md. A unit test keeps it in step with the schema. */
export const ATTRIBUTE_GROUPS: readonly AttributeGroup[] = [
  file,
  identity,
  process,
  networkOfService,
  storage,
  security,
  resources,
  deploy,
  extension,
  build,
  networksAndVolumes,
  payloads,
];

/** The same by path. */
export const ATTRIBUTE_TEXTS: AttributeTexts = Object.assign({}, ...ATTRIBUTE_GROUPS.map(({ texts }) => texts));
