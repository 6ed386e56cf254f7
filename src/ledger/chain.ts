import { sha256 } from '../base/canonical.ts';

/** The hash before the first event. */
export const genesis = '0'.repeat(64);

export interface Link {
  readonly seq: number;
  readonly at: number;
  readonly version: number;
  readonly actor: string;
  readonly type: string;
  /** Canonical JSON, exactly as stored: the chain covers the bytes, not their meaning. */
  readonly data: string;
}

/** The text that is hashed: canonical({actor, at, data, seq, type, version}), without parsing `data` again. */
const linkText = ({ seq, at, version, actor, type, data }: Link): string =>
  `{"actor":${JSON.stringify(actor)},"at":${at},"data":${data},"seq":${seq},"type":${JSON.stringify(type)},"version":${version}}`;

/** SHA-256 over the hash before and this event, as 64 hexadecimal digits. */
export const chained = (before: string, link: Link): string => sha256(before + linkText(link));

/** Why `link` does not follow the event `before`; undefined when it does. */
export function breakIn(before: { seq: number; hash: string }, link: Link & { hash: string }): string | undefined {
  if (link.seq !== before.seq + 1) return `event ${before.seq + 1} is missing.`;
  if (chained(before.hash, link) !== link.hash) return `event ${link.seq} does not match its hash.`;
  return undefined;
}
