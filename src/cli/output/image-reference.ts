/** Repository and tag of a reference, as lists of images show them. */
export function splitReference(reference: string): { readonly repository: string; readonly tag: string } {
  if (/^[a-z-]+:\/\//.test(reference)) return { repository: reference, tag: '<none>' };
  const [name = '', digest] = reference.split('@');
  const colon = name.lastIndexOf(':');
  // A colon before the last slash is that of a registry's port.
  if (colon > name.lastIndexOf('/')) return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
  return { repository: name, tag: digest === undefined ? 'latest' : '<none>' };
}
