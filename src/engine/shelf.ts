import type { Source } from '../optimizer/warm/source.ts';

/** Enough for every source of a campaign, and for its caps having been changed a few times. */
const mostKept = 64;

/**
 * Gives equal sources the same identity, under which the optimizer keeps what it has fitted: a question that has come
 * from another thread holds copies.
 */
export class Shelf {
  readonly #sources = new Map<string, Source>();

  same(source: Source): Source {
    const text = JSON.stringify(source);
    const known = this.#sources.get(text);
    if (known !== undefined) return known;
    if (this.#sources.size >= mostKept) this.#sources.clear();
    this.#sources.set(text, source);
    return source;
  }
}
