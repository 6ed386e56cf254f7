/** Times are RFC 3339 UTC text on the wire and milliseconds since 1970 inside. */
export const toWireTime = (ms: number): string => new Date(ms).toISOString();

/** The text has been checked by the schema of its message. */
export const fromWireTime = (text: string): number => Date.parse(text);
