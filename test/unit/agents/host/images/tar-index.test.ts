import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'mocha';
import { readExactly, TarIndex } from '../../../../../agents/host/images/formats/tar-index.ts';
import { buildTar } from '../../../../support/tar-builder.ts';

const directory = mkdtempSync(join(tmpdir(), 'tsstack-tar-'));
after(() => rmSync(directory, { recursive: true }));

/** Content of a file of the archive, or undefined. */
async function readFrom(archive: string | Buffer, path: string): Promise<string | undefined> {
  const name = typeof archive === 'string' ? archive : join(directory, 'built.tar');
  if (typeof archive !== 'string') writeFileSync(name, archive);
  await using file = await open(name);
  const entry = (await TarIndex.read(file)).find(path);
  return entry === undefined ? undefined : (await readExactly(file, entry.offset, entry.size)).toString();
}

describe('index of a tar archive', () => {
  for (const format of ['pax', 'gnu', 'ustar']) {
    it(`finds files in an archive that tar wrote in the format ${format}`, async () => {
      const root = join(directory, format);
      const long = join('d'.repeat(60), 'e'.repeat(60), 'f.txt');
      mkdirSync(join(root, long, '..'), { recursive: true });
      writeFileSync(join(root, long), 'long');
      writeFileSync(join(root, 'manifest.json'), '[]');
      symlinkSync('../manifest.json', join(root, 'd'.repeat(60), 'link'));
      const archive = join(directory, `${format}.tar`);
      execFileSync('tar', ['-C', root, `--format=${format}`, '-cf', archive, '.']);
      assert.equal(await readFrom(archive, 'manifest.json'), '[]');
      assert.equal(await readFrom(archive, long), 'long');
      assert.equal(await readFrom(archive, join('d'.repeat(60), 'link')), '[]');
      assert.equal(await readFrom(archive, 'missing'), undefined);
    });
  }

  it('takes path and size from pax headers', async () => {
    const archive = buildTar([
      { name: 'short', data: 'content', pax: { path: 'real/name', comment: 'ä' } },
      { name: 'next', data: '2' },
    ]);
    assert.equal(await readFrom(archive, 'real/name'), 'content');
    assert.equal(await readFrom(archive, 'next'), '2');
  });

  it('does not follow links in circles', async () => {
    const archive = buildTar([
      { name: 'a', type: '2', link: 'b' },
      { name: 'b', type: '2', link: 'a' },
    ]);
    assert.equal(await readFrom(archive, 'a'), undefined);
  });

  it('refuses archives that are cut short, damaged or none at all', async () => {
    const archive = buildTar([{ name: 'a', data: 'x'.repeat(2000) }]);
    await assert.rejects(readFrom(archive.subarray(0, 1024), 'a'), /ends in the middle of a/);
    const damaged = Buffer.from(archive);
    damaged.writeUInt8(0x41, 3);
    await assert.rejects(readFrom(damaged, 'a'), /damaged/);
    await assert.rejects(readFrom(Buffer.alloc(4096, 'x'), 'a'), /no tar archive/);
    await assert.rejects(readFrom(Buffer.from('some text'), 'a'), /no tar archive/);
    await assert.rejects(readFrom(Buffer.alloc(0), 'a'), /it is empty/);
  });

  it('refuses a size beyond all reason', async () => {
    const archive = buildTar([{ name: 'a', data: 'x', pax: { size: '99999999999999999999' } }]);
    await assert.rejects(readFrom(archive, 'a'), /ends in the middle/);
  });
});
