/** The module beside the one at `url` (`import.meta.url`): a source in a checkout, compiled in a published package. */
export const sibling = (url: string, name: string): URL =>
  new URL(`./${name}.${url.endsWith('.ts') ? 'ts' : 'js'}`, url);
