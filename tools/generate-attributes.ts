/**
 * Writes docs/attributes.md: every attribute of a stack file with its forms, default, effect, the version that honours it, and the tests that
 * observe the effect. With `--check` it writes nothing and fails when the page is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { supportOf } from '../src/stack/support/attribute-support.ts';
import type { AttributeGroup, AttributeText } from '../src/stack/schema/attributes/attribute-text.ts';
import { ATTRIBUTE_GROUPS } from '../src/stack/schema/attributes/attribute-texts.ts';
import { writtenSchema } from '../src/stack/schema/json-schema.ts';
import { writtenForms } from '../src/stack/schema/written-forms.ts';
import { testsOf } from '../test/attribute-tests.ts';

const page = join(import.meta.dirname, '../docs/attributes.md');
const firstVersion = '0.1';

const intro = `# Attributes of a stack file

Made by \`tools/generate-attributes.ts\` from the schema that the loader checks with; \`npm run check\` fails when it is stale. \`*\` in a path
is any name or index. Every text and number may be, or contain, a variable; every mapping may have keys that begin with \`x-\`.

*Since* is the version that honours the attribute; "by the loader" means that its effect is on the file itself; "not yet" means that \`config\`
and the editor know it and \`up\` refuses it, with its place in the file. *Test* observes the effect.
`;

function renderPage(): string {
  const forms = writtenForms(writtenSchema());
  return [intro, ...ATTRIBUTE_GROUPS.map((group) => renderGroup(group, forms))].join('\n');
}

function renderGroup({ title, texts }: AttributeGroup, forms: ReadonlyMap<string, string>): string {
  const rows = Object.entries(texts).map(([path, text]) => renderRow(path, text, forms.get(path) ?? 'text'));
  return [
    `## ${title}`,
    '',
    '| attribute | forms | default | effect | since | test |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function renderRow(path: string, text: AttributeText, forms: string): string {
  const name = path.replace(/^services\.\*\.(?=.)/, '');
  const tests = testsOf(path).map(({ file, title }) => `[${title}](../test/${file})`);
  const cells = [`\`${name}\``, forms, text.default ?? '', text.effect, sinceOf(path, text), tests.join('; ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function sinceOf(path: string, { since = firstVersion }: AttributeText): string {
  const { kind, values, isFixed } = supportOf(path);
  switch (kind) {
    case 'read':
      return `${since}, by the loader`;
    case 'honoured':
      if (isFixed) return `only ${String(values)}`;
      return values === null ? since : `${since}: ${values}`;
    case 'partly':
      return since;
    case 'foreign':
      return `never: ${String(values)}`;
    case 'not yet':
      return 'not yet';
  }
}

const text = renderPage();
if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    process.stderr.write('docs/attributes.md is stale: run bin/node tools/generate-attributes.ts\n');
    process.exitCode = 1;
  }
} else writeFileSync(page, text);
