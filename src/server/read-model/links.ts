import type { LabEvent, LinkRecord } from '../../domain/event.ts';
import type { LinkView } from '../contract.ts';
import { put, remove, type Model } from './model.ts';

/** What the optimizer predicts from: as its last answer tells, all of it anew. */
export function foldLinks(model: Model, event: LabEvent): void {
  // What was learned for another problem says nothing about this one.
  if (event.type === 'campaign.changed') return replace(model, []);
  if (event.type !== 'suggestions.received') return;
  const { links } = event.data.model ?? {};
  if (links !== undefined) replace(model, links.map(viewOf));
}

function replace(model: Model, views: readonly LinkView[]): void {
  const fresh = new Set(views.map(({ id }) => id));
  for (const id of [...model.sections.links.keys()]) if (!fresh.has(id)) remove(model, 'links', id);
  for (const view of views) put(model, 'links', view);
}

const viewOf = (link: LinkRecord): LinkView => ({ ...link, id: `${link.stage}/${link.output}` });
