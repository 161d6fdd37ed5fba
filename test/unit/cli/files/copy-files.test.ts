import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { copyFiles, planCopy, requireDirectory } from '../../../../src/cli/files/copy-files.ts';
import type { FileSide } from '../../../../src/cli/files/file-side.ts';

type Call = readonly [what: 'pack' | 'insert', options: object];

/** Directories end with a slash, links have targets; notes what is asked of it. */
class FakeSide implements FileSide {
  readonly name: string;
  readonly calls: Call[] = [];
  readonly #files: Readonly<Record<string, string>>;

  constructor(name: string, files: Readonly<Record<string, string>>) {
    this.name = name;
    this.#files = files;
  }

  look(path: string, follow: boolean): ReturnType<FileSide['look']> {
    const entry = path === '/' ? 'directory' : this.#files[path];
    if (entry === undefined) return Promise.resolve({ kind: 'missing', target: '' });
    if (entry === 'directory' || entry === 'file' || entry === 'other')
      return Promise.resolve({ kind: entry, target: '' });
    return follow ? this.look(entry, true) : Promise.resolve({ kind: 'link', target: entry });
  }

  async *pack(options: Parameters<FileSide['pack']>[0]): AsyncGenerator<Buffer> {
    this.calls.push(['pack', options]);
    yield await Promise.resolve(Buffer.from('archive'));
  }

  async insert(options: Parameters<FileSide['insert']>[0], archive: AsyncIterable<Buffer>): Promise<void> {
    this.calls.push(['insert', options]);
    for await (const chunk of archive) assert.equal(chunk.toString(), 'archive');
  }
}

const here = { '/a': 'directory', '/a/file': 'file', '/a/link': 'file', '/a/to-dir': '/a' } as const;
const there = {
  '/dir': 'directory',
  '/file': 'file',
  '/null': 'other',
  '/to-null': '/null',
  '/to-dir': '/dir',
  '/to-file': 'dir/real',
  '/dir/real': 'file',
  '/to-nothing': '/dir/not-yet',
  '/circle': '/circle',
} as const;

/** `PATH as NAME -> DIRECTORY` of one copy. */
async function copy(source: string, destination: string, followLink = false): Promise<string> {
  const [from, to] = [new FakeSide('this host', here), new FakeSide('container web-1', there)];
  await copyFiles(await planCopy({ side: from, path: source }, { side: to, path: destination }, followLink), true);
  const [insert] = to.calls.map(([, options]) => options as { directory: string; name: string; keepOwners: boolean });
  const [pack] = from.calls.map(([, options]) => options as { path: string; name: string; follow: boolean });
  assert.deepEqual([insert?.name, insert?.keepOwners], [pack?.name, true]);
  return `${pack?.path}${pack?.follow === true ? ' followed' : ''} as ${pack?.name} -> ${insert?.directory}`;
}

describe('a copy', () => {
  it('goes into a directory under its own name, and its content with /.', async () => {
    assert.equal(await copy('/a/file', '/dir'), '/a/file as file -> /dir');
    assert.equal(await copy('/a/file', '/dir/'), '/a/file as file -> /dir');
    assert.equal(await copy('/a', '/dir'), '/a as a -> /dir');
    assert.equal(await copy('/a/', '/dir'), '/a followed as a -> /dir');
    assert.equal(await copy('/a/.', '/dir'), '/a followed as . -> /dir');
    assert.equal(await copy('/a/file', '/to-dir'), '/a/file as file -> /dir');
  });

  it('gets the name of what is not there yet', async () => {
    assert.equal(await copy('/a/file', '/dir/new'), '/a/file as new -> /dir');
    assert.equal(await copy('/a', '/dir/new/'), '/a as new -> /dir');
    assert.equal(await copy('/a/.', '/dir/new'), '/a followed as new -> /dir');
    assert.equal(await copy('/a/file', '/to-nothing'), '/a/file as not-yet -> /dir');
  });

  it('replaces files, also behind links', async () => {
    assert.equal(await copy('/a/file', '/file'), '/a/file as file -> /');
    assert.equal(await copy('/a/file', '/to-file'), '/a/file as real -> /dir');
  });

  it('is of a link, or with --follow-link of what it points to', async () => {
    assert.equal(await copy('/a/to-dir', '/dir/new'), '/a/to-dir as new -> /dir');
    assert.equal(await copy('/a/to-dir', '/dir/new', true), '/a/to-dir followed as new -> /dir');
    assert.equal(await copy('/a/to-dir/', '/dir/new'), '/a/to-dir followed as new -> /dir');
  });

  it('is refused where it cannot be, in words', async () => {
    await assert.rejects(copy('/b', '/dir'), { code: 'not-found', message: 'this host has no /b' });
    await assert.rejects(copy('/a/file/', '/dir'), { code: 'invalid', message: /it is no directory/ });
    await assert.rejects(copy('/a', '/file'), { code: 'conflict', message: /copy directory \/a: \/file .* is a file/ });
    await assert.rejects(copy('/a/file', '/file/'), { code: 'invalid', message: /no directory/ });
    await assert.rejects(copy('/a/file', '/new/'), { message: 'container web-1 has no directory /new/' });
    await assert.rejects(copy('/a/file', '/no/new'), { message: 'container web-1 has no directory /no' });
    await assert.rejects(copy('/a/file', '/file/new'), { message: 'container web-1 has no directory /file' });
    for (const device of ['/null', '/to-null'])
      await assert.rejects(copy('/a/file', device), { code: 'conflict', message: /is a device, pipe or socket/ });
    await assert.rejects(copy('/a/file', '/circle'), { message: /leads in a circle/ });
  });

  it('of an archive needs a directory', async () => {
    const side = new FakeSide('container web-1', there);
    assert.equal(await requireDirectory({ side, path: '/to-dir/' }), '/to-dir');
    await assert.rejects(requireDirectory({ side, path: '/file' }), { code: 'invalid', message: /no directory/ });
    await assert.rejects(requireDirectory({ side, path: '/new' }), { code: 'not-found', hint: 'make it first' });
  });
});
