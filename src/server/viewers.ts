import type { Server, Socket } from 'socket.io';
import type { Handshake, PageMessages, Patch, ServerMessages, StatusView } from './contract.ts';
import { patchSince, snapshotOf, type Model } from './read-model.ts';

export type PageServer = Server<PageMessages, ServerMessages>;
export type PageSocket = Socket<PageMessages, ServerMessages>;

/**
 * Sends every viewer what it does not know yet. A viewer gets its next patch only after it has acknowledged the one
 * before, so a slow one costs no memory: it gets fewer and larger patches, and a snapshot when it is too far behind.
 */
interface Viewer {
  /** The last sequence number that it holds; undefined: it needs a snapshot. */
  seq: number | undefined;
  waiting: boolean;
}

export interface Viewers {
  readonly count: number;
  admit(socket: PageSocket, handshake: Handshake): void;
  /** Sends patches to all who are ready for one. */
  flush(): void;
  tell(status: StatusView): void;
}

export function createViewers(model: Model, ready: () => boolean): Viewers {
  const viewers = new Map<PageSocket, Viewer>();

  const flush = () => {
    if (!ready()) return;
    const patches = new Map<number, Patch | undefined>();
    for (const [socket, viewer] of viewers) {
      if (viewer.waiting || viewer.seq === model.seq) continue;
      const from = viewer.seq;
      if (from !== undefined && !patches.has(from)) patches.set(from, patchSince(model, from));
      const patch = from === undefined ? undefined : patches.get(from);
      viewer.waiting = true;
      viewer.seq = model.seq;
      const done = () => {
        viewer.waiting = false;
      };
      if (patch === undefined) socket.emit('snapshot', snapshotOf(model), done);
      else socket.emit('patch', patch, done);
    }
  };

  return {
    get count() {
      return viewers.size;
    },
    admit(socket, { ledger, seq }) {
      viewers.set(socket, { seq: ledger === model.ledger ? seq : undefined, waiting: false });
      socket.on('disconnect', () => viewers.delete(socket));
      flush();
    },
    flush,
    tell(status) {
      for (const [socket, viewer] of viewers) if (!viewer.waiting) socket.volatile.emit('status', status);
    },
  };
}
