import { invariant } from '../base/invariant.ts';

/** Every topic of wire contract v1, built and read in this file only. */
export type Topic =
  | {
      readonly kind: 'state' | 'descriptor' | 'command' | 'control' | 'log';
      readonly site: string;
      readonly device: string;
    }
  | { readonly kind: 'event'; readonly site: string; readonly device: string; readonly key: string }
  | { readonly kind: 'telemetry'; readonly site: string; readonly device: string; readonly channel: string }
  | { readonly kind: 'meter'; readonly site: string; readonly device: string; readonly meter: string }
  | { readonly kind: 'controller'; readonly site: string; readonly controller: string }
  | { readonly kind: 'campaign'; readonly site: string; readonly campaign: string; readonly path: string };

export type TopicKind = Topic['kind'];
export type TopicOf<K extends TopicKind> = Variant<Topic, K>;
type Variant<T extends Topic, K extends TopicKind> = T extends unknown
  ? K extends T['kind']
    ? T & { readonly kind: K }
    : never
  : never;

const root = 'labwright/1';
const idPattern = /^[a-z0-9_-]{1,64}$/;

function id(text: string): string {
  invariant(idPattern.test(text), `"${text}" is not an id of 1 to 64 of a-z, 0-9, "-" and "_"`);
  return text;
}

const base = (site: string, device: string): string => `${root}/${id(site)}/dev/${id(device)}`;

/** Builds topics. Ids that the contract does not allow are a defect of the caller. */
export const topics = {
  state: (site: string, device: string) => `${base(site, device)}/$state`,
  descriptor: (site: string, device: string) => `${base(site, device)}/$descriptor`,
  command: (site: string, device: string) => `${base(site, device)}/cmd`,
  control: (site: string, device: string) => `${base(site, device)}/ctl`,
  log: (site: string, device: string) => `${base(site, device)}/log`,
  event: (site: string, device: string, key: string) => `${base(site, device)}/evt/${id(key)}`,
  telemetry: (site: string, device: string, channel: string) => `${base(site, device)}/tele/${id(channel)}`,
  meter: (site: string, device: string, meter: string) => `${base(site, device)}/meter/${id(meter)}`,
  controller: (site: string, controller: string) => `${root}/${id(site)}/ctl/${id(controller)}/$state`,
  /** `path` is what follows the campaign: one or more levels joined by "/". */
  campaign: (site: string, campaign: string, path: string) => `${root}/${id(site)}/campaign/${id(campaign)}/${path}`,
} as const;

/** Topic filters for `Bus.subscribe`. */
export const filters = {
  states: (site: string) => `${root}/${id(site)}/dev/+/$state`,
  descriptors: (site: string) => `${root}/${id(site)}/dev/+/$descriptor`,
  events: (site: string) => `${root}/${id(site)}/dev/+/evt/+`,
  telemetry: (site: string) => `${root}/${id(site)}/dev/+/tele/+`,
  meters: (site: string) => `${root}/${id(site)}/dev/+/meter/+`,
  logs: (site: string) => `${root}/${id(site)}/dev/+/log`,
  controllers: (site: string) => `${root}/${id(site)}/ctl/+/$state`,
  /** All that devices say, and what is said to them. */
  devices: (site: string) => `${root}/${id(site)}/dev/#`,
  /** All that one device says, and what is said to it. */
  device: (site: string, device: string) => `${base(site, device)}/#`,
  campaigns: (site: string) => `${root}/${id(site)}/campaign/#`,
} as const;

const plainLeaves: Readonly<Record<string, 'state' | 'descriptor' | 'command' | 'control' | 'log'>> = {
  $state: 'state',
  $descriptor: 'descriptor',
  cmd: 'command',
  ctl: 'control',
  log: 'log',
};

/** Reads a topic; undefined when it is none of contract v1. */
export function parseTopic(text: string): Topic | undefined {
  const [vendor, version, site = '', branch, subject = '', ...rest] = text.split('/');
  if (`${vendor}/${version}` !== root || !idPattern.test(site) || !idPattern.test(subject)) return undefined;
  if (branch === 'dev') return parseDeviceTopic(site, subject, rest);
  if (branch === 'ctl' && rest.length === 1 && rest[0] === '$state')
    return { kind: 'controller', site, controller: subject };
  if (branch === 'campaign' && rest.length > 0 && rest.every((level) => level !== ''))
    return { kind: 'campaign', site, campaign: subject, path: rest.join('/') };
  return undefined;
}

function parseDeviceTopic(site: string, device: string, [branch = '', leaf, ...more]: string[]): Topic | undefined {
  if (more.length > 0) return undefined;
  if (leaf === undefined) {
    const kind = Object.hasOwn(plainLeaves, branch) ? plainLeaves[branch] : undefined;
    return kind === undefined ? undefined : { kind, site, device };
  }
  if (!idPattern.test(leaf)) return undefined;
  if (branch === 'evt') return { kind: 'event', site, device, key: leaf };
  if (branch === 'tele') return { kind: 'telemetry', site, device, channel: leaf };
  if (branch === 'meter') return { kind: 'meter', site, device, meter: leaf };
  return undefined;
}

/** Whether a topic filter can match more than one topic. */
export const isWild = (filter: string): boolean => filter.includes('+') || filter.endsWith('#');

/**
 * Whether an MQTT topic filter ("+" one level, "#" all that follow) matches a topic (MQTT 3.1.1, section 4.7). In one pass
 * and without splitting: every message that arrives is asked for every subscription.
 */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  let at = 0;
  for (let i = 0; i < filter.length; i++) {
    const sign = filter[i];
    if (sign === '#') return true;
    if (sign === '+') {
      const end = topic.indexOf('/', at);
      at = end < 0 ? topic.length : end;
    } else if (topic[at] === sign) at += 1;
    else return at === topic.length && filter.length - i === 2 && filter.endsWith('/#');
  }
  return at === topic.length;
}
