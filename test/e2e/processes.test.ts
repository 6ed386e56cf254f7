import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { chaos } from '../chaos/chaos.ts';
import { mosquittoPath, type BrokerKind } from '../chaos/fleet.ts';

/** A short version of `npm run chaos`: whoever is killed, the campaign ends and the books are true. */
const kills = 6;

const brokers: readonly (readonly [BrokerKind, boolean])[] = [
  ['embedded', true],
  ['mosquitto', existsSync(mosquittoPath)],
];

for (const [broker, installed] of brokers)
  test.skipIf(!installed)(
    `processes are killed, the broker being ${broker}${installed ? '' : ' (which is not installed)'}`,
    { timeout: 180_000 },
    async () => {
      const result = await chaos({ kills, broker, seed: 7, experiments: 3, speed: 120, meanMs: 700 });
      expect(result.violations, `seed ${result.seed}`).toEqual([]);
      expect(Object.values(result.kills).reduce((a, b) => a + b)).toBeGreaterThanOrEqual(kills);
      expect(Object.values(result.experiments).reduce((a, b) => a + b)).toBe(3 * result.campaigns);
    },
  );
