/** Turns the description of the proto package into the text of one TypeScript module. */
import { describeFields, scalarTypes, type FieldDescription } from './message-description.ts';
import type { MessageJson, MethodJson, PackageJson, ServiceJson } from './proto-json.ts';

const header = `// Generated from proto/ by tools/generate-proto.ts: do not edit.
import type { MessageFields } from '../wire/field.ts';
import type { MethodTable } from '../wire/method.ts';
`;

/** The module: interfaces, field tables by message name, and the methods of each service. */
export function renderContract(packageName: string, json: PackageJson): string {
  const entries = Object.entries(json.nested);
  const messages = entries.filter((entry): entry is [string, MessageJson] => 'fields' in entry[1]);
  const services = entries.filter((entry): entry is [string, ServiceJson] => 'methods' in entry[1]);
  return [
    header,
    ...messages.map(([name, message]) => renderMessage(name, message)),
    renderFieldTables(messages),
    ...services.map(([name, service]) => renderService(packageName, name, service)),
  ].join('\n');
}

function renderMessage(name: string, message: MessageJson): string {
  const fields = describeFields(name, message);
  const documented = (field: FieldDescription, text: string): string =>
    `${docComment(message.fields[field.name]?.comment ?? null)}${text}`;
  const choice = fields.filter((field) => field.oneof !== null);
  const head = `${docComment(message.comment)}export`;
  if (choice.length === 0) {
    const members = fields.map((field) => documented(field, `readonly ${field.name}: ${fieldType(field)};`));
    return `${head} interface ${typeName(name)} {\n${members.join('\n')}\n}\n`;
  }
  if (choice.length < fields.length) throw new Error(`message ${name}: a oneof beside other fields is not supported`);
  const variants = choice.map((field) =>
    documented(field, `| { readonly ${field.oneof}: '${field.name}'; readonly ${field.name}: ${fieldType(field)} }`),
  );
  return `${head} type ${typeName(name)} =\n${variants.join('\n')};\n`;
}

function docComment(comment: string | null): string {
  return comment === null ? '' : `/** ${comment.replaceAll('\n', ' ')} */\n`;
}

/** `Object` would hide the global of that name. */
function typeName(name: string): string {
  return name === 'Object' ? 'WireObject' : name;
}

function fieldType(field: FieldDescription): string {
  const scalar = scalarTypes[field.type];
  const element = scalar ?? typeName(field.type);
  if (field.kind === 'map') return `Readonly<Record<string, ${element}>>`;
  if (field.kind === 'repeated') return `readonly ${element}[]`;
  const canBeAbsent = field.kind === 'optional' || (scalar === undefined && field.oneof === null);
  return canBeAbsent ? `${element} | null` : element;
}

function renderFieldTables(messages: readonly (readonly [string, MessageJson])[]): string {
  const names = messages.map(([name]) => `readonly ${name}: ${typeName(name)};`);
  const tables = messages.map(([name, message]) => `${name}: ${JSON.stringify(describeFields(name, message))},`);
  return `/** Message types by their name in proto/. */
export interface Messages {\n${names.join('\n')}\n}

/** What the wire codec needs to know of each message. */
export const messageFields: Readonly<Record<keyof Messages, MessageFields>> = {\n${tables.join('\n')}\n};
`;
}

function renderService(packageName: string, name: string, service: ServiceJson): string {
  const methods = Object.entries(service.methods).map(([method, definition]) => {
    const path = `/${packageName}.${name}/${method}`;
    const types = `request: '${definition.requestType}', response: '${definition.responseType}'`;
    return `${docComment(definition.comment)}${lowerFirst(method)}: { path: '${path}', kind: '${methodKind(definition)}', ${types}, tables: messageFields },`;
  });
  return `export const ${lowerFirst(name)}Methods = {\n${methods.join('\n')}\n} as const satisfies MethodTable;\n`;
}

/** `getInfo` for GetInfo, `kv` for KV. */
function lowerFirst(name: string): string {
  return name === name.toUpperCase() ? name.toLowerCase() : name.charAt(0).toLowerCase() + name.slice(1);
}

function methodKind({ requestStream = false, responseStream = false }: MethodJson): string {
  if (requestStream && !responseStream) throw new Error('client streams are not supported');
  if (requestStream) return 'duplex';
  return responseStream ? 'serverStream' : 'unary';
}
