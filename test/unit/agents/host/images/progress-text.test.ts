import assert from 'node:assert/strict';
import { ProgressText } from '../../../../../agents/host/images/progress-text.ts';

describe('progress of an image as text', () => {
  it('adds its layers up, once a second at most', () => {
    let now = 0;
    const texts: string[] = [];
    const { listener } = new ProgressText(
      (text) => texts.push(text),
      () => now,
    );
    listener({ status: 'resolving', id: 'app:1', current: 0, total: 0 });
    listener({ status: 'waiting', id: 'a', current: 0, total: 50e6 });
    listener({ status: 'waiting', id: 'b', current: 0, total: 200e6 });
    for (let bytes = 0; bytes < 50e6; bytes += 1e6, now += 100)
      listener({ status: 'downloading', id: 'a', current: bytes, total: 50e6 });
    listener({ status: 'done', id: 'a', current: 50e6, total: 50e6 });
    now += 1000;
    listener({ status: 'unpacking', id: 'b', current: 0, total: 200e6 });
    assert.deepEqual(texts, [
      'gets its image: 0.0 of 50 MB',
      'gets its image: 10 of 250 MB',
      'gets its image: 20 of 250 MB',
      'gets its image: 30 of 250 MB',
      'gets its image: 40 of 250 MB',
      'gets its image: 50 of 250 MB',
      'unpacks its image',
    ]);
  });
});
