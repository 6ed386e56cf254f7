import { durationText } from '../base/duration-text.ts';
import { failure, type Failure } from '../base/failure.ts';
import { closedSpans, hasCalendar, skilled, zoneOf } from './calendar.ts';
import { devicesFor, stepsOf, type Descriptors } from './check-devices.ts';
import { capabilityOf } from './descriptor.ts';
import { complement, instantMs, type Span } from './hours.ts';
import type { Lab, LabDevice } from './lab.ts';
import type { Loaded } from './load.ts';
import { nearest } from './nearest.ts';
import { avoidedSpans, avoidReason } from './tariff.ts';
import { probePoints } from './probe.ts';
import { durationOf, resolveParameters, scopeOf } from './resolve.ts';
import type { Step } from './protocol.ts';

/** Whether the hours of devices and people leave time for what the protocol asks for. */

const dayMs = 86_400_000;

/** Four weeks in which no clock changes stand for all: hours come again every week. */
const usual: Span = { from: Date.UTC(2026, 0, 5), to: Date.UTC(2026, 1, 2) };

const deviceOf = (lab: Lab, id: string): LabDevice => lab.devices[id as keyof Lab['devices']]!;
const withHours = (lab: Lab): string[] => Object.keys(lab.devices).filter((id) => hasCalendar(deviceOf(lab, id)));

export function checkHours(loaded: Loaded, descriptors: Descriptors): Failure[] {
  const wrong = withHours(loaded.definition.lab).flatMap((id) => checkDevice(loaded, id));
  return wrong.length > 0 ? wrong : checkLengths(loaded, descriptors);
}

function checkDevice(loaded: Loaded, id: string): Failure[] {
  const { definition, locate } = loaded;
  const { lab } = definition;
  const { maintenance = [], attended, avoid } = deviceOf(lab, id);
  const zone = zoneOf(lab);
  const turned = maintenance.flatMap(({ from, to }, i) => {
    if (instantMs(zone, from) < instantMs(zone, to)) return [];
    const where = locate.lab(['devices', id, 'maintenance', i]);
    const sentence = `The maintenance of "${id}" from ${from} to ${to} does not end after it begins.`;
    return [failure('input.invalid', sentence, { where, mend: 'Exchange "from" and "to", or correct them.' })];
  });
  if (attended !== undefined && skilled(lab, attended).length === 0) {
    const known = Object.values(lab.people ?? {}).flatMap(({ skills }) => skills);
    const where = locate.lab(['devices', id, 'attended']);
    const sentence = `"${id}" needs somebody with the skill "${attended}", which nobody in "people" has.`;
    const mend = known.length === 0 ? 'Add "people" with skills and hours.' : nearest(attended, [...new Set(known)]);
    return [...turned, failure('lab.incapable', sentence, { where, mend })];
  }
  const dear = checkAvoided(loaded, id);
  if (turned.length + dear.length > 0 || longestOpen(lab, id) > 0) return [...turned, ...dear];
  const cheapNever = avoid !== undefined && longestOpen(withDevice(lab, id, { avoid: undefined }), id) > 0;
  const sentence = cheapNever
    ? `"${id}" never opens: ${avoidReason(avoid, lab.currency)} in all of its hours.`
    : `"${id}" never opens: its hours and those of the people with the skill "${attended}" have no time in common.`;
  const where = locate.lab(['devices', id, cheapNever ? 'avoid' : 'attended']);
  return [failure('lab.incapable', sentence, { where, mend: 'Widen its hours, or those of the people.' })];
}

/** Limits that no hour of the tariff exceeds, or that all hours do. */
function checkAvoided({ definition: { lab }, locate }: Loaded, id: string): Failure[] {
  const { avoid } = deviceOf(lab, id);
  if (avoid === undefined) return [];
  const avoided = avoidedSpans(lab, avoid, usual);
  const all = avoided.some(({ from, to }) => from === usual.from && to === usual.to);
  if (avoided.length > 0 && !all) return [];
  const what = avoidReason(avoid, lab.currency);
  const sentence = all
    ? `"${id}" never opens: ${what} at all hours.`
    : `"${id}" avoids hours in which ${what}, but the tariff has none.`;
  const mend = 'Give the tariff "hours" whose price or carbon is above the limit, and others below it.';
  return [failure('lab.incapable', sentence, { where: locate.lab(['devices', id, 'avoid']), mend })];
}

/** The longest time, ms, that a device is open without a break; Infinity when it is always open but for maintenance. */
function longestOpen(lab: Lab, id: string): number {
  const open = complement(closedSpans(withoutMaintenance(lab), id, usual), usual);
  const longest = open.reduce((most, { from, to }) => Math.max(most, to - from), 0);
  return longest === usual.to - usual.from ? Infinity : longest;
}

const withoutMaintenance = (lab: Lab): Lab =>
  Object.keys(lab.devices).reduce((rest, id) => withDevice(rest, id, { maintenance: [] }), lab);

/** The lab with a device changed. */
const withDevice = (lab: Lab, id: string, change: { [K in keyof LabDevice]?: LabDevice[K] | undefined }): Lab =>
  ({ ...lab, devices: { ...lab.devices, [id]: { ...deviceOf(lab, id), ...change } } }) as Lab;

/** Steps that take longer than all that can do them are ever open, at some point of the search space. */
function checkLengths({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
  const { lab } = definition;
  const hours = new Map(withHours(lab).map((id) => [id, longestOpen(lab, id)]));
  if (hours.size === 0) return [];
  const points = probePoints(definition).map((point) => scopeOf(definition, point));
  return stepsOf(definition).flatMap(({ step, path }) => {
    const devices = devicesFor(step, descriptors).filter((id) => lab.devices[id as keyof Lab['devices']] !== undefined);
    const needs = devices.map((id) => ({ id, open: hours.get(id) ?? Infinity, takes: longestOf(id, step) }));
    if (needs.length === 0 || needs.some(({ open, takes }) => takes <= open)) return [];
    const { id, open, takes } = needs.reduce((best, other) => (other.open > best.open ? other : best));
    const [long, short] = [durationText(takes), durationText(open)];
    const sentence = `"${step.id}" takes up to ${long}, but "${id}" is never open for longer than ${short}.`;
    const mend = `Open it for ${long} without a break, or make the step shorter.`;
    return [failure('lab.incapable', sentence, { where: locate.protocol([...path, 'id']), mend })];
  });

  function longestOf(id: string, step: Step): number {
    const capability = capabilityOf(descriptors.get(id)!, step.capability)!;
    return points.reduce((most, scope) => {
      const parameters = resolveParameters(step, capability, scope, 'sample');
      const duration = parameters.ok ? durationOf(capability, parameters.value) : undefined;
      return duration?.ok ? Math.max(most, duration.value.high) : most;
    }, 0);
  }
}

/** Shelf lives that end while all devices that could go on with the sample are closed. */
export function warnOfClosings({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
  const { protocol, lab } = definition;
  if (withHours(lab).length === 0) return [];
  return protocol.stages.flatMap(({ id, hold }, i) => {
    const next = protocol.stages[i + 1]?.steps[0];
    if (hold?.for === undefined || next === undefined) return [];
    const closings = devicesFor(next, descriptors).map((device) => ({ device, ms: longestClosing(lab, device) }));
    if (closings.length === 0 || closings.some(({ ms }) => ms <= hold.for! * 1000)) return [];
    const { device, ms } = closings.reduce((best, other) => (other.ms < best.ms ? other : best));
    const sentence = `"${id}" holds its samples for ${durationText(hold.for * 1000)} at most, but "${device}", which "${next.id}" needs then, is closed for up to ${durationText(ms)}.`;
    const where = locate.protocol(['stages', i, 'hold', 'for']);
    const mend = `Hold them for ${durationText(ms)} and some more, or open "${device}" in between.`;
    return [failure('lab.incapable', sentence, { where, mend })];
  });
}

/** The longest time, ms, that a device is closed in usual weeks or around a maintenance. */
function longestClosing(lab: Lab, id: string): number {
  const zone = zoneOf(lab);
  const around = (deviceOf(lab, id).maintenance ?? []).map(({ from, to }) => ({
    from: instantMs(zone, from) - 8 * dayMs,
    to: instantMs(zone, to) + 8 * dayMs,
  }));
  const spans = [usual, ...around].flatMap((within) => closedSpans(lab, id, within));
  return spans.reduce((most, { from, to }) => Math.max(most, to - from), 0);
}
