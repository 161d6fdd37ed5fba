/** Repository and tag of a reference, as lists of images show them. */
export function splitReference(reference: string): { readonly repository: string; readonly tag: string } {
  if (isLocalImage(reference)) return { repository: reference, tag: '<none>' };
  const [name = '', digest] = reference.split('@');
  const colon = name.lastIndexOf(':');
  // A colon before the last slash is that of a registry's port.
  if (colon > name.lastIndexOf('/')) return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
  return { repository: name, tag: digest === undefined ? 'latest' : '<none>' };
}

/** True for images that lie on this machine outside the image store: a directory, an archive. */
export function isLocalImage(reference: string): boolean {
  return /^[a-z-]+:\/\//.test(reference);
}
