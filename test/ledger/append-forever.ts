import process from 'node:process';
import type { NewEvent } from '../../src/domain/event.ts';
import { Ledger } from '../../src/ledger/ledger.ts';

/** node append-forever.ts PATH: appends until it is killed, and prints the number of each event that is safe. */
const ledger = Ledger.open(process.argv[2]!, { create: true });

const suggested = (number: number) =>
  ({
    type: 'experiment.suggested',
    data: { experiment: `e${number}`, number, ask: 1, suggestion: { point: { x: number }, reason: 'r' } },
  }) as unknown as NewEvent;

const next = (): void => {
  const number = ledger.lastSeq() + 1;
  ledger.transaction(() => {
    ledger.append(suggested(number), number, 'controller');
    ledger.putOutbox({ key: `k${number}`, device: 'd', payload: '{}' });
  });
  process.stdout.write(`${number}\n`);
  setImmediate(next);
};
next();
