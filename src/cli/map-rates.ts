import type { MapProgress } from '../client';
import { formatDuration } from './format';

/** A rate is that of the last so many milliseconds. */
const WINDOW_MS = 30_000;

/** How fast the maps of a run get on, by what is seen of them one time after the other. */
export class MapRates {
  private readonly samples = new Map<string, { readonly at: number; readonly done: number }[]>();

  /** @param at milliseconds on some clock that only goes on */
  note(maps: readonly MapProgress[], at: number): void {
    for (const { knot, done } of maps) {
      const before = this.samples.get(knot) ?? [];
      // The one before the window is where it begins.
      const kept = before.filter((_, place) => (before[place + 1]?.at ?? at) > at - WINDOW_MS);
      this.samples.set(knot, [...kept, { at, done }]);
    }
  }

  /** `pages 1,204 of 10,000, 35/s, 4 min 11 s left` */
  describe(map: MapProgress): string {
    const perMs = this.rateOf(map);
    if (perMs === undefined) return describeMap(map);
    const left = map.total === undefined ? '' : `, ${formatDuration((map.total - map.done) / perMs)} left`;
    return `${describeMap(map)}, ${formatRate(perMs * 1_000)}${left}`;
  }

  private rateOf({ knot }: MapProgress): number | undefined {
    const samples = this.samples.get(knot) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.at <= first.at || last.done <= first.done) return undefined;
    return (last.done - first.done) / (last.at - first.at);
  }
}

/** `pages 1,204 of 10,000` */
export function describeMap({ knot, done, total }: MapProgress): string {
  const count = done.toLocaleString('en-GB');
  return `${knot} ${total === undefined ? `${count} done` : `${count} of ${total.toLocaleString('en-GB')}`}`;
}

function formatRate(perSecond: number): string {
  if (perSecond >= 10) return `${Math.round(perSecond).toLocaleString('en-GB')}/s`;
  return perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(perSecond * 60).toFixed(1)}/min`;
}
