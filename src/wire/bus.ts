/**
 * The network, as the wire contract sees it: at-least-once publish and subscribe with retained messages. Handlers and
 * listeners are called one at a time and never from inside `publish`.
 */
export interface Bus {
  /** Calls `done` when the broker has taken the message, or with an error when it will not be sent. */
  publish(topic: string, payload: string, options?: { retain?: boolean }, done?: (error?: Error) => void): void;
  /** `pattern` is an MQTT topic filter. Returns the way to unsubscribe. */
  subscribe(pattern: string, handler: (message: BusMessage) => void): () => void;
  /** Called at every (re)connection, and at once (asynchronously) when already connected. */
  onConnect(listener: () => void): void;
  onDisconnect(listener: () => void): void;
  readonly connected: boolean;
  /** Publishes what is queued, then leaves; the last will is not sent. */
  close(): Promise<void>;
}

export interface BusMessage {
  readonly topic: string;
  /** Empty when it was larger than the contract allows; `bytes` then tells how large. */
  readonly payload: string;
  readonly bytes?: number;
  readonly retained: boolean;
}

/** A retained message that the broker publishes when the client vanishes. */
export interface Will {
  readonly topic: string;
  readonly payload: string;
}
