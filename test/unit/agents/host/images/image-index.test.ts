import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'mocha';
import { ImageIndex } from '../../../../../agents/host/images/store/image-index.ts';
import { sha256 } from '../../../../support/tar-builder.ts';

const directory = mkdtempSync(join(tmpdir(), 'tsstack-index-'));
after(() => rmSync(directory, { recursive: true }));

const image = (
  name: string,
): { id: `sha256:${string}`; manifest: `sha256:${string}`; chain: []; rootfs: null; pinned: null } => ({
  id: sha256(name),
  manifest: sha256(`manifest of ${name}`),
  chain: [],
  rootfs: null,
  pinned: null,
});
const named = (...keys: readonly string[]): { key: string; sourceState: null }[] =>
  keys.map((key) => ({ key, sourceState: null }));

describe('index of images', () => {
  let count = 0;
  let path = '';
  let index: ImageIndex;
  const reload = (): ImageIndex => {
    const loaded = new ImageIndex(path);
    loaded.load(() => true);
    return loaded;
  };
  beforeEach(() => {
    count += 1;
    path = join(directory, `${count}.json`);
    index = new ImageIndex(path);
  });

  it('finds images by name and by id, also after it was read again', () => {
    index.put(image('a'), named('x:1', 'x:latest'));
    for (const each of [index, reload()]) {
      assert.equal(each.byKey('x:1')?.id, sha256('a'));
      assert.equal(each.byId(sha256('a'))?.references['x:latest'], null);
    }
  });

  it('moves a name to a newer image and keeps the older one without it', () => {
    index.put(image('a'), named('x:1'));
    index.put(image('b'), named('x:1'));
    assert.equal(reload().byKey('x:1')?.id, sha256('b'));
    assert.deepEqual(reload().byId(sha256('a'))?.references, {});
  });

  it('adds names to an image that is there', () => {
    index.put(image('a'), named('x:1'));
    index.put(image('a'), named('y:1'));
    assert.deepEqual(Object.keys(reload().byId(sha256('a'))?.references ?? {}), ['x:1', 'y:1']);
    assert.equal(index.byKey('x:1'), index.byKey('y:1'));
  });

  it('takes names and images away', () => {
    index.put(image('a'), named('x:1', 'x:2'));
    index.untag(sha256('a'), ['x:1']);
    assert.equal(reload().byKey('x:1'), undefined);
    index.remove(sha256('a'));
    assert.deepEqual([reload().byKey('x:2'), reload().list()], [undefined, []]);
  });

  it('leaves out images that are not complete', () => {
    index.put(image('a'), named('x:1'));
    const loaded = new ImageIndex(path);
    loaded.load(() => false);
    assert.equal(loaded.byKey('x:1'), undefined);
  });
});
