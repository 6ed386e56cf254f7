import type { DescriptorBody } from '../domain/descriptor.ts';
import { uniqueId } from '../base/random.ts';
import { parseMessage } from '../wire/messages.ts';
import { connectBus } from '../wire/mqtt-bus.ts';
import { filters } from '../wire/topics.ts';

export interface FoundDevice {
  readonly device: string;
  readonly state?: string;
  readonly descriptor?: DescriptorBody;
}

/** The devices that have left word with a broker: waits until all of `waitFor` have, at most `patienceMs`. */
export async function listDevices(
  url: string,
  site: string,
  { waitFor, patienceMs }: { waitFor: readonly string[]; patienceMs: number },
): Promise<FoundDevice[]> {
  const found = new Map<string, FoundDevice>();
  const bus = await connectBus({ url, clientId: `labwright-look-${uniqueId().slice(0, 8)}` });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    const complete = () => {
      const here = (id: string) => found.get(id)?.descriptor !== undefined && found.get(id)?.state !== undefined;
      if (waitFor.length === 0 || !waitFor.every(here)) return;
      clearTimeout(timer);
      resolve();
    };
    for (const filter of [filters.states(site), filters.descriptors(site)])
      bus.subscribe(filter, ({ topic, payload }) => {
        const read = parseMessage(topic, payload);
        if (!read.ok || (read.value.kind !== 'state' && read.value.kind !== 'descriptor')) return;
        const { device } = read.value.topic;
        const word = read.value.kind === 'state' ? { state: read.value.body.state } : { descriptor: read.value.body };
        found.set(device, { ...found.get(device), device, ...word });
        complete();
      });
  });
  await bus.close();
  return [...found.values()].sort((a, b) => (a.device < b.device ? -1 : 1));
}
