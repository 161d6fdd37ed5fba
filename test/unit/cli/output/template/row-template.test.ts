import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RowTemplate } from '../../../../../src/cli/output/template/row-template.ts';

const row = { Name: 'p-web-1', State: 'running', ExitCode: 0, Labels: 'a=1,b.c=x=y', Publishers: [{ TargetPort: 80 }] };
const render = (text: string): string => new RowTemplate(text).render([row]);

describe('templates of --format', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{{.Name}}', 'p-web-1'],
    ['{{ .Name }}: {{.ExitCode}}', 'p-web-1: 0'],
    ['{{.Name}}\\t{{.State}}\\n', 'p-web-1\trunning\n'],
    ['{{json .Publishers}}', '[{"TargetPort":80}]'],
    ['{{json .}}', JSON.stringify(row)],
    ['{{upper .State}} {{.State | upper | lower}}', 'RUNNING running'],
    ['{{truncate .Name 3}} {{len .Name}}', 'p-w 7'],
    ['{{.Label "b.c"}}|{{.Label "none"}}', 'x=y|'],
    ['{{"}{"}} {{- .Name -}} !', '}{p-web-1!'],
  ];
  for (const [text, expected] of cases) it(`fills ${text}`, () => assert.equal(render(text), `${expected}\n`));

  it('makes columns below a header after `table`', () => {
    const rows = [row, { ...row, Name: 'p-a-1' }];
    assert.equal(
      new RowTemplate('table {{.Name}}\\t{{upper .State}}\\t{{.ExitCode}}').render(rows),
      'NAME      STATE     EXIT CODE\np-web-1   RUNNING   0\np-a-1     RUNNING   0\n',
    );
  });

  it('gives a column the title that the list has for it, and a label the last word of its name', () => {
    const template = new RowTemplate('table {{.Name}}\\t{{.Label "org.example.my-tier"}}');
    assert.equal(template.render([], { Name: 'CONTAINER' }), 'CONTAINER   MY TIER\n');
  });

  it('says nothing about nothing, but the header', () => {
    assert.equal(new RowTemplate('{{.Name}}').render([]), '');
    assert.equal(new RowTemplate('table {{.RunningFor}}').render([]), 'CREATED\n');
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['{{.Nmae}}', /there is no field Nmae/],
    ['{{.Name', /}} is missing/],
    ['{{if .Name}}x{{end}}', /"if" is no function here/],
    ['{{}}', /says nothing/],
    ['{{(.Name)}}', /"\(\.Name\)" is not supported/],
  ];
  for (const [text, message] of refused) it(`refuses ${text}`, () => assert.throws(() => render(text), message));
});
