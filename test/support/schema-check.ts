import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { Diagnostics } from '../../src/stack/diagnostics.ts';
import { stackFileJsonSchema } from '../../src/stack/schema/json-schema.ts';
import { toPlain } from '../../src/stack/tree/node.ts';
import { SourceFile } from '../../src/stack/tree/source-file.ts';
import { parseYaml } from '../../src/stack/yaml/parse-yaml.ts';

const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(stackFileJsonSchema());

/** What an editor with the JSON Schema of stack files finds wrong in a text, as `/services/web: what`. */
export function schemaComplaints(text: string, path = 'stack.yml'): string[] {
  return parseYaml(new SourceFile(path, text), new Diagnostics()).flatMap((document) => {
    if (validate(toPlain(document))) return [];
    return (validate.errors ?? []).map((error: ErrorObject) => `${error.instancePath}: ${error.message ?? ''}`);
  });
}

/** The same of a file. */
export function schemaComplaintsOf(path: string): string[] {
  return schemaComplaints(readFileSync(path, 'utf8'), path);
}
