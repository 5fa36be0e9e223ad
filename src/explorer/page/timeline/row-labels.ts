import { shortened, shownText } from '../shown-text';
import { durationOf } from '../../../visualisation/words';
import { TONES } from '../graph/status';
import type { RunModel } from '../run/run-model';
import { element, markIn } from '../ui/canvas';
import { SHAPES } from '../ui/tones';
import { durationWords } from '../words';
import { ROW, SCALE } from './bars';
import type { Row } from './rows';

interface Label {
  readonly item: HTMLElement;
  readonly root: HTMLButtonElement;
  readonly shape: SVGPathElement;
  readonly text: HTMLElement;
  readonly time: HTMLElement;
  row: number;
}

/** The names of rows: a pool of buttons for the visible ones, reused for other rows while scrolling. */
export class RowLabels {
  readonly list = element('div', 't-labels');
  private readonly pool: Label[] = [];

  constructor(
    private readonly model: RunModel,
    private readonly onPress: (row: number) => void,
  ) {
    this.list.setAttribute('role', 'list');
    this.list.setAttribute('aria-label', 'Knots');
  }

  show(rows: readonly Row[], first: number, last: number, top: number, selected: number | undefined): void {
    const wanted = Math.max(0, last - first + 1);
    while (this.pool.length < wanted) this.pool.push(this.add());
    this.pool.forEach((label, slot) => {
      const index = first + ((((slot - first) % this.pool.length) + this.pool.length) % this.pool.length);
      label.root.hidden = index > last;
      if (index > last) return;
      label.root.style.transform = `translateY(${SCALE + index * ROW - top}px)`;
      this.fill(label, rows, index, selected);
    });
  }

  private fill(label: Label, rows: readonly Row[], index: number, selected: number | undefined): void {
    const row = rows[index]!;
    label.row = index;
    const { root, shape, text, time } = label;
    root.style.paddingLeft = `${10 + row.depth * 14}px`;
    label.item.setAttribute('aria-posinset', String(index + 1));
    label.item.setAttribute('aria-setsize', String(rows.length));
    if (row.kind === 'group') {
      root.className = 't-label t-group pick row';
      root.setAttribute('aria-expanded', String(!row.isClosed));
      root.removeAttribute('aria-current');
      shape.setAttribute('d', row.isClosed ? 'M4 2l5 4-5 4z' : 'M2 4h8L6 9z');
      set(text, shownText(row.name));
      set(time, row.members.length.toLocaleString('en'));
      return;
    }
    const { knot } = row;
    const { status, word, notes } = this.model.marks[knot]!;
    const { id } = this.model.knots[knot]!;
    const took = durationOf({ state: this.model.states[knot] });
    root.className = `t-label pick row tone-${TONES[status]}`;
    root.removeAttribute('aria-expanded');
    if (knot === selected) root.setAttribute('aria-current', 'true');
    else root.removeAttribute('aria-current');
    shape.setAttribute('d', SHAPES[TONES[status]]);
    set(text, shortened(shownText(id), 23 - row.depth * 2));
    set(time, [...notes, took === undefined ? shownText(word) : durationWords(took)].join(' · '));
    root.title = [`${shownText(id)}: ${shownText(word)}`, ...notes].join(', ');
  }

  private add(): Label {
    const item = element('div', '', this.list);
    item.setAttribute('role', 'listitem');
    const root = element('button', '', item);
    root.type = 'button';
    const shape = markIn(root);
    const text = element('span', 'cut', root);
    const time = element('span', 't-time cut', root);
    const label: Label = { item, root, shape, text, time, row: -1 };
    root.addEventListener('click', () => this.onPress(label.row));
    return label;
  }
}

function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
