import type { Lab } from '../../src/domain/lab.ts';
import type { Evidence, Violation } from './oracle.ts';

/** Nothing is given to a device, or an arm, that is closed at that moment; moments are looked up on a clock of the lab. */
export function checkHours({ definition: { lab }, events }: Evidence): Violation[] {
  const found: Violation[] = [];
  for (const event of events) {
    if (event.type !== 'command.intended') continue;
    const { device, step, experiment } = event.data.command;
    const why = closedBy(lab, device, event.at);
    if (why === undefined) continue;
    const sentence = `${device} got ${step} of ${experiment} at ${new Date(event.at).toISOString()}, but ${why}.`;
    found.push({ rule: 'nothing begins on what is closed', sentence });
  }
  return found;
}

type Device = Lab['devices'][keyof Lab['devices']];
type Hours = NonNullable<Device['hours']>;

function closedBy(lab: Lab, id: string, at: number): string | undefined {
  const { hours, maintenance = [], attended, avoid } = lab.devices[id as keyof Lab['devices']] as Device;
  const clock = clockAt(lab.timezone ?? 'UTC', at);
  if (hours !== undefined && !holds(hours, clock)) return 'it is out of hours';
  const people = Object.values(lab.people ?? {}).filter(
    ({ skills }) => attended !== undefined && skills.includes(attended),
  );
  const present = people.some((person) => person.hours === undefined || holds(person.hours, clock));
  if (attended !== undefined && !present) return `nobody with the skill ${attended} is there`;
  const cheap = lab.tariff?.hours?.some((entry) => holds([entry], clock)) ?? false;
  if (avoid !== undefined && !cheap) return 'energy is dear';
  const window = maintenance.find(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to));
  return window === undefined ? undefined : `it is in maintenance until ${window.to}`;
}

/** Day of the week and time of day, which compare as text. */
function clockAt(timeZone: string, at: number): { day: string; before: string; time: string } {
  const shown = (ms: number, options: Intl.DateTimeFormatOptions) =>
    new Date(ms).toLocaleString('en-GB', { timeZone, hourCycle: 'h23', ...options });
  const day = (ms: number) => shown(ms, { weekday: 'short' }).toLowerCase();
  const time = shown(at, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return { day: day(at), before: day(at - 86_400_000), time };
}

const holds = (hours: Hours, { day, before, time }: ReturnType<typeof clockAt>): boolean =>
  hours.some(({ days, from, to }) => {
    const on = (name: string) => days === undefined || days.includes(name as never);
    if (from < to) return on(day) && from <= time && time < to;
    return (on(day) && from <= time) || (on(before) && time < to);
  });
