/** Layers of one directory are named relative to it: mount options are limited to one page. */
export function relativeLayers(layers: readonly string[]): {
  readonly directory: string | null;
  readonly lower: readonly string[];
} {
  const parents = layers.filter((layer) => layer !== '/').map((layer) => layer.slice(0, layer.lastIndexOf('/')));
  const [directory] = parents;
  if (directory === undefined || parents.some((parent) => parent !== directory))
    return { directory: null, lower: layers };
  return { directory, lower: layers.map((layer) => (layer === '/' ? layer : layer.slice(directory.length + 1))) };
}

/** The same as arguments of tsstack-layer. */
export function layerArguments(layers: readonly string[]): string[] {
  const { directory, lower } = relativeLayers(layers);
  return [...(directory === null ? [] : ['--directory', directory]), ...lower.flatMap((layer) => ['--layer', layer])];
}
