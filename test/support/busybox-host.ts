import { after, before } from 'mocha';
import { busyboxImage } from '../fixtures/images.ts';
import { TestHost } from './test-host.ts';

/** A host for the suite in which it is asked for: it has the image `busybox:test` before anything else of the suite runs, and ends with the suite. */
export function busyboxHost(): TestHost {
  const host = new TestHost();
  before(async () => {
    await host.ok(['load', '-i', (await busyboxImage()).dockerArchive]);
  });
  after(() => host.stop());
  return host;
}
