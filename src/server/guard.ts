import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Who may come in. A page of another origin in the same browser could reach a port on loopback, and a name that
 * resolves to loopback could make it look like the same origin; so both Host and Origin must be ours.
 */
const loopback = ['127.0.0.1', 'localhost', '[::1]'];

export interface Guard {
  /** A sentence that says why the request is refused, or undefined. */
  refuse(request: Pick<IncomingMessage, 'headers'>): string | undefined;
}

export function guardFor(host: string, port: () => number): Guard {
  const written = host.includes(':') ? `[${host}]` : host;
  const names = new Set([...loopback, written]);
  const allowed = () => new Set([...names].flatMap((name) => authorities(name, port())));
  return {
    refuse({ headers }) {
      const authority = headers.host?.toLowerCase() ?? '';
      if (!allowed().has(authority))
        return `This page is served as http://${written}:${port()} only, not as "${authority}".`;
      const { origin } = headers;
      if (origin === undefined || allowed().has(origin.replace(/^http:\/\//, ''))) return undefined;
      return `Pages from ${origin} may not use this controller.`;
    },
  };
}

/** Browsers leave out the port that is the default of http. */
const authorities = (name: string, port: number): string[] =>
  port === 80 ? [name, `${name}:80`] : [`${name}:${port}`];

export const newToken = (): string => randomBytes(16).toString('base64url');

/** Compared in constant time, so that the time taken tells nothing. */
export function sameToken(given: unknown, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(token));
}
