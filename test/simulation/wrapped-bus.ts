import type { MemoryBus } from '../../simulators/memory-bus.ts';

/** The same connection, but for what is done instead. */
export const wrapped = (bus: MemoryBus, instead: Partial<MemoryBus>): MemoryBus => ({
  clientId: bus.clientId,
  publish: (...message) => bus.publish(...message),
  subscribe: (pattern, handler) => bus.subscribe(pattern, handler),
  onConnect: (listener) => bus.onConnect(listener),
  onDisconnect: (listener) => bus.onDisconnect(listener),
  get connected() {
    return bus.connected;
  },
  close: () => bus.close(),
  kill: () => bus.kill(),
  lose: (ms) => bus.lose(ms),
  ...instead,
});
