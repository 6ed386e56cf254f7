import type { Ledger } from '../../../src/ledger/ledger.ts';

/** What a person would notice if it changed. */
export function summaryOf(ledger: Ledger): object {
  const { devices, experiments, total } = ledger.energy();
  const { status, outcome } = ledger.campaign()!;
  const summary = {
    head: ledger.head(),
    campaign: { status, outcome },
    stock: ledger.stock(),
    balances: ledger.balances(),
    experiments: ledger.experiments().map(({ experiment, status, objectives }) => ({ experiment, status, objectives })),
    observations: ledger.observationsFor(),
    commands: ledger.commands().map(({ key, state, outcome, joules }) => ({ key, state, outcome, joules })),
    energy: { devices, experiments, total },
    totals: ledger.totals(),
  };
  return JSON.parse(JSON.stringify(summary)) as object;
}
