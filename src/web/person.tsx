import { useState } from 'preact/hooks';
import type { IndeterminateView, LateView, Reading } from '../server/contract.ts';
import type { Connection } from './connection.ts';
import { amount, clock, words } from './format.ts';
import { Dialog } from './dialog.tsx';
import { Panel } from './panel.tsx';

export interface PersonProps {
  readonly questions: ReadonlyMap<string, IndeterminateView>;
  readonly late: ReadonlyMap<string, LateView>;
  readonly canOrder: boolean;
  readonly order: Connection['order'];
}

const readings: readonly (readonly [Reading, string])[] = [
  ['happened', 'It happened'],
  ['not_happened', 'It did not happen'],
  ['discard', 'Discard the sample'],
];

/** Nobody knows whether these commands happened: a person looks, and chooses which booking is true. */
export function PersonPanel({ questions, late, canOrder, order }: PersonProps) {
  const waiting = questions.size + late.size;
  if (waiting === 0) return null;
  return (
    <Panel name="person" title="Needs a person" aside={`${waiting} waiting`}>
      {[...late.values()].map((sample) => (
        <Late key={sample.id} sample={sample} canOrder={canOrder} order={order} />
      ))}
      {[...questions.values()].map((question) => (
        <Question key={question.id} question={question} canOrder={canOrder} order={order} />
      ))}
    </Panel>
  );
}

const fates = [
  ['continue', 'Go on', 'The experiment goes on, and its result says that the sample was late.'],
  ['discard', 'Discard the sample', 'The experiment has failed, and its sample is carried out of the way.'],
] as const;

/** A sample that has missed a limit of time waits where it is. */
function Late({ sample, canOrder, order }: Pick<PersonProps, 'canOrder' | 'order'> & { readonly sample: LateView }) {
  const [failure, fail] = useState<string>();
  const decide = async (as: (typeof fates)[number][0]) => {
    const given = await order({ op: 'decide', experiment: sample.id as never, as });
    fail(given.ok ? undefined : given.sentence);
  };
  return (
    <article class="question">
      <p>
        <strong>
          Experiment {sample.number} is late at {words(sample.step)}: does it go on?
        </strong>{' '}
        {sample.reason}. <span class="quiet">Since {clock(sample.since)}.</span>
      </p>
      <div class="readings">
        {fates.map(([as, label, follows]) => (
          <div key={as} class="reading">
            <button type="button" disabled={!canOrder} onClick={() => decide(as)}>
              {label}
            </button>
            <p>{follows}</p>
          </div>
        ))}
      </div>
      {failure !== undefined && <p class="answer failed">{failure}</p>}
    </article>
  );
}

function Question({
  question,
  canOrder,
  order,
}: Pick<PersonProps, 'canOrder' | 'order'> & { readonly question: IndeterminateView }) {
  const [asked, ask] = useState<Reading>();
  const [failure, fail] = useState<string>();
  const { number, device, capability, since, reason } = question;
  const answer = async (confirmed: boolean) => {
    ask(undefined);
    if (!confirmed || asked === undefined) return;
    const given = await order({ op: 'resolve', key: question.id as never, as: asked });
    fail(given.ok ? undefined : given.sentence);
  };
  return (
    <article class="question">
      <p>
        <strong>
          Experiment {number}: did {device} {words(capability)}?
        </strong>{' '}
        {reason} <span class="quiet">Since {clock(since)}. Look at the device and the sample, then choose.</span>
      </p>
      <div class="readings">
        {readings.map(([reading, label]) => (
          <div class="reading">
            <button type="button" disabled={!canOrder} onClick={() => ask(reading)}>
              {label}
            </button>
            <p>{consequence(question, reading)}</p>
          </div>
        ))}
      </div>
      {failure !== undefined && <p class="answer failed">{failure}</p>}
      {asked !== undefined && (
        <Dialog
          title={readings.find(([reading]) => reading === asked)![1]}
          confirm="Book it so"
          grave={asked === 'discard'}
          answer={answer}
        >
          {consequence(question, asked)}
        </Dialog>
      )}
    </article>
  );
}

export function consequence({ readings }: IndeterminateView, reading: Reading): string {
  const { books, follows } = readings[reading];
  const amounts = books.map((book) => `${amount(book.amount, book.unit)} of ${book.name}`);
  const booked = amounts.length === 0 ? 'Nothing is booked as used.' : `${sentenceList(amounts)} booked as used.`;
  return `${booked} ${follows}`;
}

function sentenceList(items: readonly string[]): string {
  if (items.length === 1) return `${items[0]} is`;
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)} are`;
}
