import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportOf } from '../../src/cli/report.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { World } from '../../simulators/world.ts';

/** Wall ms that a doubt must last: a device that comes back within them tells the truth itself. */
const patienceMs = 4000;

const answers = { happened: 'happened', not_happened: 'not_happened', partly: 'discard' } as const;

/** Goes and looks, and says what is so; takes a spoilt sample away. */
export class HonestPerson {
  readonly #run: string;
  readonly #world: World;
  readonly #since = new Map<string, number>();

  constructor(run: string, world: World) {
    this.#run = run;
    this.#world = world;
  }

  /** Decides what has waited long enough. */
  async decide(): Promise<void> {
    for (const { key, experiment } of this.#doubts()) {
      const since = this.#since.get(key) ?? Date.now();
      this.#since.set(key, since);
      if (Date.now() - since < patienceMs) continue;
      const as = answers[this.#world.truthOf(key)];
      if (as === 'discard' && this.#world.placeOf(experiment) !== undefined)
        this.#world.remove(experiment, this.#labTime());
      await this.#order({ op: 'resolve', key, as });
    }
  }

  #doubts(): readonly { key: string; experiment: string }[] {
    return look(this.#run, (ledger) => reportOf(ledger)?.waitingForPerson ?? []) ?? [];
  }

  #labTime(): number {
    const pace = look(this.#run, (ledger) => {
      const [opened] = ledger.events({ type: 'campaign.opened', limit: 1 });
      return opened?.type === 'campaign.opened' ? opened.data.clock : undefined;
    });
    return pace === undefined ? Date.now() : Math.round(pace.origin + (Date.now() - pace.anchor) * pace.speed);
  }

  /** Given again as long as the doubt is on the books: a controller may be killed before it has written it down. */
  async #order(order: object): Promise<void> {
    const page = pageOf(this.#run);
    if (page === undefined) return;
    const headers = { authorization: `Bearer ${page.hash.replace('#token=', '')}` };
    const url = new URL('/order', page.origin);
    await fetch(url, { method: 'POST', headers, body: JSON.stringify(order) }).catch(() => undefined);
  }
}

function pageOf(run: string): URL | undefined {
  const file = join(run, 'launch.json');
  if (!existsSync(file)) return undefined;
  const { page } = JSON.parse(readFileSync(file, 'utf8')) as { page?: string };
  return page === undefined ? undefined : new URL(page);
}

/** What a ledger says, or nothing while it cannot be read: its writer may just have been killed. */
export function look<T>(run: string, view: (ledger: Ledger) => T): T | undefined {
  let ledger: Ledger;
  try {
    ledger = Ledger.open(join(run, 'ledger.sqlite'), { readonly: true });
  } catch {
    return undefined;
  }
  try {
    return view(ledger);
  } finally {
    ledger.close();
  }
}
