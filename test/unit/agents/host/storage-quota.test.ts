import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, it } from 'mocha';
import { canLimitStorage } from '../../../../agents/host/facts/storage-quota.ts';

describe('the file system of the data', () => {
  const { dev } = statSync('/');
  const number = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xff00)}`;
  const line = (device: string, type: string, options: string): string =>
    `36 35 ${device} / / rw,noatime shared:1 - ${type} /dev/x ${options}`;

  it('limits storage where it is mounted with project quotas', () => {
    assert.equal(canLimitStorage('/', line(number, 'xfs', 'rw,attr2,prjquota'), '6.1.0'), true);
    assert.equal(canLimitStorage('/', line(number, 'ext4', 'rw,prjquota'), '5.14.0'), true);
  });

  it('does not limit it elsewhere', () => {
    assert.equal(canLimitStorage('/', line(number, 'xfs', 'rw,noquota'), '6.1.0'), false);
    assert.equal(canLimitStorage('/', line('250:250', 'xfs', 'rw,prjquota'), '6.1.0'), false);
    assert.equal(canLimitStorage('/', line(number, 'xfs', 'rw,prjquota'), '5.10.0'), false);
    assert.equal(canLimitStorage('/', '', '6.1.0'), false);
  });
});
