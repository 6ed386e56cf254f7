import type { DeviceState, LabEvent } from '../../domain/event.ts';
import type { LogLine } from '../contract.ts';
import { kept, type Model } from './model.ts';
import { sentenceOf } from './sentences.ts';

export function foldLog(model: Model, event: LabEvent): void {
  model.log.push(logLine(model, event));
  if (model.log.length > kept.log) model.log.shift();
}

/** Events of long ago are told with today's names: experiments that the page has forgotten go by their id. */
export function logLine(model: Model, event: LabEvent): LogLine {
  const { seq, at, type, actor } = event;
  return { seq, at, type, actor, text: sentenceOf(model, event), level: levelOf(event) };
}

function levelOf(event: LabEvent): LogLine['level'] {
  switch (event.type) {
    case 'campaign.halted':
    case 'campaign.aborted':
    case 'experiment.failed':
    case 'experiment.lost':
    case 'experiment.became_indeterminate':
    case 'experiment.late':
      return 'error';
    case 'command.refused':
    case 'command.overdue':
    case 'suggestions.refused':
    case 'message.rejected':
    case 'order.rejected':
      return 'warning';
    case 'command.ended':
      return event.data.outcome === 'ok' || event.data.outcome === 'cancelled' ? 'detail' : 'warning';
    case 'device.changed':
      return deviceLevel(event.data.state);
    case 'plan.changed':
      return event.data.displaced.length > 0 ? 'warning' : 'detail';
    case 'experiment.scheduled':
    case 'command.intended':
    case 'command.accepted':
    case 'meter.read':
    case 'suggestions.requested':
    case 'suggestions.received':
    case 'experiment.planned':
    case 'experiment.provided':
    case 'experiment.observed':
    case 'experiment.cleared':
      return 'detail';
    default:
      return 'info';
  }
}

function deviceLevel(state: DeviceState): LogLine['level'] {
  if (state === 'ready' || state === 'busy') return 'detail';
  if (state === 'error') return 'error';
  return state === 'lost' || state === 'disconnected' ? 'warning' : 'info';
}
