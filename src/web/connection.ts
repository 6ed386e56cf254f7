import { io, type Socket } from 'socket.io-client';
import type { Order } from '../domain/order.ts';
import type {
  Handshake,
  LogLine,
  OrderAnswer,
  PageMessages,
  ServerMessages,
  StatusView,
  Welcome,
} from '../server/contract.ts';
import { emptyLab, fromSnapshot, labNow, only, patched, type Lab } from './store.ts';

export interface PageState {
  readonly lab: Lab;
  readonly status?: StatusView | undefined;
  /** Page time (performance.now) at which the status came. */
  readonly heardAt: number;
  readonly connected: boolean;
  /** Lab time at which the connection was lost. */
  readonly lostAt?: number | undefined;
  readonly welcome: Welcome;
}

export interface Connection {
  readonly state: PageState;
  subscribe(listener: () => void): () => void;
  order(order: Order): Promise<OrderAnswer>;
  olderLog(before: number): Promise<readonly LogLine[]>;
}

const tokenName = 'labwright-token';
/** The server says something at least every second. */
const silenceMs = 6000;

type PageSocket = Socket<ServerMessages, PageMessages>;

/** The state, and who wants to know of it. */
class Store {
  state: PageState = { lab: emptyLab, heardAt: 0, connected: false, welcome: { role: 'viewer' } };
  readonly listeners = new Set<() => void>();
  #frame = 0;
  #spokenAt = performance.now();

  change(values: Partial<PageState>): void {
    this.state = { ...this.state, ...values };
    // Messages come faster than frames: listeners look once per frame, and not at all while the page is hidden.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const listener of this.listeners) listener();
    });
  }

  heard(values: Partial<PageState>): void {
    this.#spokenAt = performance.now();
    this.change({ ...values, connected: true, lostAt: undefined });
  }

  lose(): void {
    const { connected, lab, status, heardAt } = this.state;
    if (!connected) return;
    const speed = only(lab.known.campaign)?.speed ?? 1;
    this.change({ connected: false, lostAt: labNow(status, heardAt, speed, this.#spokenAt) });
  }

  loseIfSilent(): void {
    if (performance.now() - this.#spokenAt > silenceMs) this.lose();
  }
}

export function openConnection(): Connection {
  const store = new Store();
  let token = takeToken();
  const socket: PageSocket = io({
    transports: ['websocket'],
    reconnectionDelay: 300,
    reconnectionDelayMax: 2000,
    auth: (give) => {
      const { ledger, seq } = store.state.lab;
      const handshake: Handshake = { ...(token === undefined ? {} : { token }), ...(seq === 0 ? {} : { ledger, seq }) };
      give(handshake);
    },
  });
  listen(socket, store);
  setInterval(() => store.loseIfSilent(), 1000);
  addEventListener('hashchange', () => {
    token = takeToken();
    socket.disconnect().connect();
  });
  return {
    get state() {
      return store.state;
    },
    subscribe(listener) {
      store.listeners.add(listener);
      return () => store.listeners.delete(listener);
    },
    async order(order) {
      // An order must not lie in a buffer and take effect when nobody expects it any more.
      if (!store.state.connected || !socket.connected)
        return { ok: false, sentence: 'The order was not sent: there is no connection to the controller.' };
      return ask(() => socket.timeout(10_000).emitWithAck('order', order));
    },
    olderLog: (before) => socket.timeout(10_000).emitWithAck('log', before),
  };
}

function listen(socket: PageSocket, store: Store): void {
  socket.on('welcome', (welcome) => store.heard({ welcome }));
  socket.on('snapshot', (view, done) => {
    store.heard({ lab: fromSnapshot(view) });
    done();
  });
  socket.on('patch', (patch, done) => {
    store.heard({ lab: patched(store.state.lab, patch) });
    done();
  });
  socket.on('status', (status) => store.heard({ status, heardAt: performance.now() }));
  socket.on('disconnect', () => store.lose());
}

async function ask(emit: () => Promise<OrderAnswer>): Promise<OrderAnswer> {
  try {
    return await emit();
  } catch {
    return { ok: false, sentence: 'The controller has not answered; look at its state before you order again.' };
  }
}

/** From the address, where it is taken out so that a copied address does not give it away, or as kept for this tab. */
function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(tokenName, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(tokenName) ?? undefined;
}
