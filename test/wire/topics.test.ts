import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/base/invariant.ts';
import { filters, matches, parseTopic, topics } from '../../src/wire/topics.ts';

const id = fc.stringMatching(/^[a-z0-9_-]{1,64}$/);

describe('topics', () => {
  it('are those of the contract', () => {
    expect(topics.state('lab', 'arm')).toBe('labwright/1/lab/dev/arm/$state');
    expect(topics.descriptor('lab', 'arm')).toBe('labwright/1/lab/dev/arm/$descriptor');
    expect(topics.command('lab', 'arm')).toBe('labwright/1/lab/dev/arm/cmd');
    expect(topics.control('lab', 'arm')).toBe('labwright/1/lab/dev/arm/ctl');
    expect(topics.log('lab', 'arm')).toBe('labwright/1/lab/dev/arm/log');
    expect(topics.event('lab', 'arm', 'k-1')).toBe('labwright/1/lab/dev/arm/evt/k-1');
    expect(topics.telemetry('lab', 'arm', 'torque')).toBe('labwright/1/lab/dev/arm/tele/torque');
    expect(topics.meter('lab', 'arm', 'mains')).toBe('labwright/1/lab/dev/arm/meter/mains');
    expect(topics.controller('lab', 'main')).toBe('labwright/1/lab/ctl/main/$state');
    expect(topics.campaign('lab', 'c1', 'best')).toBe('labwright/1/lab/campaign/c1/best');
  });

  it('come back as they were built', () => {
    fc.assert(
      fc.property(id, id, id, (site, device, leaf) => {
        for (const kind of ['state', 'descriptor', 'command', 'control', 'log'] as const)
          expect(parseTopic(topics[kind](site, device))).toEqual({ kind, site, device });
        expect(parseTopic(topics.event(site, device, leaf))).toEqual({ kind: 'event', site, device, key: leaf });
        expect(parseTopic(topics.telemetry(site, device, leaf))).toEqual({
          kind: 'telemetry',
          site,
          device,
          channel: leaf,
        });
        expect(parseTopic(topics.meter(site, device, leaf))).toEqual({ kind: 'meter', site, device, meter: leaf });
        expect(parseTopic(topics.controller(site, leaf))).toEqual({ kind: 'controller', site, controller: leaf });
        expect(parseTopic(topics.campaign(site, leaf, 'a/b'))).toEqual({
          kind: 'campaign',
          site,
          campaign: leaf,
          path: 'a/b',
        });
      }),
    );
  });

  it.each([
    '',
    'labwright',
    'labwright/2/lab/dev/arm/cmd',
    'labwright/1/lab/dev/arm',
    'labwright/1/lab/dev/arm/cmd/x',
    'labwright/1/lab/dev/arm/evt',
    'labwright/1/lab/dev/arm/evt/UPPER',
    'labwright/1/lab/dev/arm/evt/k/x',
    'labwright/1/lab/dev/arm/other/x',
    'labwright/1/lab/dev/Arm/cmd',
    'labwright/1/lab/dev/arm/constructor',
    'labwright/1/lab/ctl/main',
    'labwright/1/lab/ctl/main/$state/x',
    'labwright/1/lab/campaign/c1',
    'labwright/1/lab/campaign/c1/',
    'zigbee2mqtt/lamp',
  ])('does not know %j', (text) => {
    expect(parseTopic(text)).toBeUndefined();
  });

  it('takes no id that the contract forbids', () => {
    expect(() => topics.command('lab', 'a/b')).toThrow(InvariantError);
    expect(() => topics.event('lab', 'arm', '#')).toThrow(InvariantError);
  });
});

describe('filters', () => {
  it('match what they are meant for', () => {
    expect(matches(filters.events('lab'), topics.event('lab', 'arm', 'k'))).toBe(true);
    expect(matches(filters.events('lab'), topics.event('other', 'arm', 'k'))).toBe(false);
    expect(matches(filters.states('lab'), topics.state('lab', 'arm'))).toBe(true);
    expect(matches(filters.states('lab'), topics.descriptor('lab', 'arm'))).toBe(false);
    expect(matches(filters.device('lab', 'arm'), topics.meter('lab', 'arm', 'm'))).toBe(true);
    expect(matches(filters.devices('lab'), topics.controller('lab', 'main'))).toBe(false);
    expect(matches(filters.controllers('lab'), topics.controller('lab', 'main'))).toBe(true);
  });

  it.each([
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['+/b', 'a/b', true],
    ['+', 'a/b', false],
    ['a/#', 'a', true],
    ['a/+', 'a', false],
    ['a/b', 'a/b/c', false],
  ])('%s on %s: %s', (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
  });
});
