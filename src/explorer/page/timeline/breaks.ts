import { element } from '../ui/canvas';
import { durationWords } from '../words';
import type { Bars } from './bars';
import type { TextLine } from './text-line';
import type { Span } from './time-scale';

/** The marks of breaks, behind all bars. */
export class Breaks {
  readonly layer = element('div', 't-breaks');

  /** @param line of the axis, for the lengths of breaks */
  draw(bars: Bars, gaps: readonly Span[], line: TextLine, width: number): void {
    const marks = this.layer.children as HTMLCollectionOf<HTMLElement>;
    let shown = 0;
    for (const [from, to] of gaps) {
      const [left, right] = [Math.max(0, bars.xOf(from) + 2), Math.min(width, bars.xOf(to) - 2)];
      if (right <= left) continue;
      const mark = marks[shown++] ?? this.add();
      const took = durationWords(to - from);
      const whole = `${took} without work`;
      const middle = (left + right) / 2;
      mark.hidden = false;
      mark.style.left = `${left}px`;
      mark.style.width = `${right - left}px`;
      mark.ariaLabel = whole;
      mark.firstElementChild!.textContent =
        [whole, took].find((text) => line.take(middle - line.widthOf(text) / 2, text)) ?? '';
    }
    for (; shown < marks.length; shown++) marks[shown]!.hidden = true;
  }

  private add(): HTMLElement {
    const mark = element('div', 't-break', this.layer);
    mark.role = 'img';
    element('span', '', mark);
    return mark;
  }
}
