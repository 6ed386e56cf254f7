import { durationText } from '../base/duration-text.ts';
import type { EventData } from './event.ts';

/** all ends 34 min earlier, 7 of 12 steps in another order or on another device */
export function describeImprovement({ endsBefore, ends, moved, of }: EventData<'plan.improved'>): string {
  const earlier = endsBefore - ends;
  const end =
    earlier === 0
      ? 'all ends when it did'
      : `all ends ${durationText(Math.abs(earlier))} ${earlier > 0 ? 'earlier' : 'later, for what else counts'}`;
  return `${end}, ${moved} of ${of} steps in another order or on another device`;
}
