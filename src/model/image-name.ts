/** Where names without a host lie, by the names that it has. */
const defaultHosts = ['docker.io/', 'index.docker.io/'];
/** Where names without a namespace lie there. */
const officialNamespace = 'library/';

/** The one spelling of an image's name, for people: without the default registry, with its tag. What is no name stays as it is. */
export function imageName(text: string): string {
  if (isPlace(text)) return text;
  const [name = text, digest] = text.split('@', 2);
  const short = withoutDefaults(name);
  const colon = short.lastIndexOf(':');
  // A colon before the last slash is that of a registry's port.
  const hasTag = colon > short.lastIndexOf('/');
  if (digest !== undefined) return `${hasTag ? short.slice(0, colon) : short}@${digest}`;
  return hasTag ? short : `${short}:latest`;
}

/** True for what is on one host by its nature or is named by its content: a directory, a file, an id. */
function isPlace(text: string): boolean {
  return /^[a-z][a-z-]*:\/\//.test(text) || isImageId(text);
}

/** True for the id of an image. */
export function isImageId(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** True for a directory that is used where it lies; no other node can have it. */
export function isDirectoryImage(text: string): boolean {
  return text.startsWith('rootfs://');
}

function withoutDefaults(name: string): string {
  const host = defaultHosts.find((prefix) => name.startsWith(prefix)) ?? '';
  const rest = name.slice(host.length);
  const isOfficial = rest.startsWith(officialNamespace) && !rest.slice(officialNamespace.length).includes('/');
  return isOfficial ? rest.slice(officialNamespace.length) : rest;
}
