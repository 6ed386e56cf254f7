import { isDeepStrictEqual } from 'node:util';
import type { EventMessage } from '../../wire/messages.ts';
import { allInWords, demand, pass, type Check } from './check.ts';

/** What must hold of everything that was heard in the whole trial. */

export const wellFormed: Check = {
  id: 'well-formed',
  section: '1',
  says: 'Every message of the device follows docs/asyncapi.json; the seq of $state grows within a boot.',
  needs: ['state'],
  async try({ bench }) {
    const own = bench.heard.filter(({ topic }) => topic.includes('/dev/'));
    const wrong = own.find((heard) => heard.wrong !== undefined);
    demand(
      wrong === undefined,
      `${wrong?.topic}: ${wrong?.wrong}`,
      'Compare the message with its schema in docs/asyncapi.json.',
    );
    const highest = new Map<string, number>();
    for (const { boot, seq, state } of bench.states()) {
      if (state === 'lost') continue;
      const before = highest.get(boot) ?? 0;
      demand(
        seq >= before,
        `After $state with seq ${before} came one with ${seq} of the same boot.`,
        'Count seq up with every $state.',
      );
      highest.set(boot, seq);
    }
    return pass(`${own.length} messages`);
  },
};

export const numbers: Check = {
  id: 'numbers',
  section: '2',
  says: 'The same n of a key is always the same event; a story begins with one ack or nack and ends with one result.',
  needs: ['ack'],
  async try({ bench }) {
    const stories = new Map<string, EventMessage[]>();
    for (const { message } of bench.heard)
      if (message?.kind === 'event' && message.topic.key.startsWith(bench.run) && message.body.n > 0)
        stories.set(message.topic.key, [...(stories.get(message.topic.key) ?? []), message.body]);
    for (const events of stories.values()) checkStory(events);
    return pass(`${stories.size} stories`);
  },
};

function checkStory(events: readonly EventMessage[]): void {
  const distinct = events.filter((event, i) => events.findIndex((other) => isDeepStrictEqual(event, other)) === i);
  const byNumber = [...distinct].sort((a, b) => a.n - b.n);
  const unique = new Set(distinct.map(({ n }) => n)).size === distinct.length;
  const begins = byNumber.slice(1).every(({ kind }) => kind === 'progress' || kind === 'result');
  const ends = byNumber.slice(0, -1).every(({ kind }) => kind === 'ack' || kind === 'progress');
  demand(
    unique && begins && ends,
    `The story of one key was ${allInWords(byNumber)}.`,
    'Journal which numbers were used; say one ack, any progress, one result, and repeat them without change.',
  );
}
