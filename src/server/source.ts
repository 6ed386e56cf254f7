import type { Result } from '../base/failure.ts';
import type { LabEvent } from '../domain/event.ts';
import type { Order } from '../domain/order.ts';
import type { EngineStatus } from '../engine/status.ts';

/** What the server shows and whom it passes orders to; the composition root makes it of ledger and engine. */
export interface LabSource {
  /** Events after a sequence number (0: all), in order. Read in pieces: the server may leave it half-way. */
  history(after: number): Iterable<LabEvent>;
  /** Calls with what was appended, after it was. Returns the way to unsubscribe. */
  subscribe(listener: (events: readonly LabEvent[]) => void): () => void;
  status(): EngineStatus;
  order(order: Order, by: string): Result<void>;
}
