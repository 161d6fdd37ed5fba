import assert from 'node:assert/strict';
import { expandHostname, hostnameFields, unknownHostnameField } from '../../../src/model/hostname-template.ts';
import { taskObject } from '../../fixtures/objects.ts';

const place = { task: taskObject('web', { id: 'abc', slot: 3 }), nodeHostname: 'host1' };

describe('a hostname with placeholders', () => {
  it('says of which service, container and node it is', () => {
    assert.equal(expandHostname('plain', place), 'plain');
    assert.equal(expandHostname('{{.Node.Hostname}}-{{ .Task.Slot }}', place), 'host1-3');
    assert.equal(
      expandHostname(hostnameFields.map((field) => `{{${field}}}`).join(' '), place),
      'host1 n1 service-web p_web abc p-web-3 3',
    );
  });

  it('is known for what it does not know', () => {
    assert.equal(unknownHostnameField('{{.Node.Hostname}}-{{.Node.Colour}}'), '{{.Node.Colour}}');
    assert.equal(unknownHostnameField(hostnameFields.map((field) => `{{ ${field} }}`).join('')), undefined);
  });
});
