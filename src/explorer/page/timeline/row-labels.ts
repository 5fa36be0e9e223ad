import { shortened } from '../graph/painter';
import { durationOf } from '../../../visualisation/words';
import { TONES } from '../graph/tones';
import type { RunModel } from '../run/run-model';
import { shownText } from '../shown-text';
import { SHAPES } from '../ui/outcome';
import { durationWords } from '../words';
import { ROW, SCALE } from './bars';
import type { Row } from './rows';

const SVG = 'http://www.w3.org/2000/svg';

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
  readonly list = document.createElement('div');
  private readonly pool: Label[] = [];

  constructor(
    private readonly model: RunModel,
    private readonly onPress: (row: number) => void,
  ) {
    this.list.className = 't-labels';
    this.list.setAttribute('role', 'list');
    this.list.setAttribute('aria-label', 'Knots');
  }

  /** @param top scroll position */
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
    const status = this.model.statuses[knot]!;
    const { id } = this.model.knots[knot]!;
    const took = durationOf({ state: this.model.states[knot] });
    root.className = `t-label pick row tone-${TONES[status]}`;
    root.removeAttribute('aria-expanded');
    if (knot === selected) root.setAttribute('aria-current', 'true');
    else root.removeAttribute('aria-current');
    shape.setAttribute('d', SHAPES[TONES[status]]);
    set(text, shortened(shownText(id), 23 - row.depth * 2));
    set(time, took === undefined ? status : durationWords(took));
    root.title = `${shownText(id)}: ${status}`;
  }

  private add(): Label {
    const root = document.createElement('button');
    root.type = 'button';
    const mark = root.appendChild(document.createElementNS(SVG, 'svg'));
    mark.setAttribute('viewBox', '0 0 12 12');
    mark.setAttribute('class', 'shape');
    mark.setAttribute('aria-hidden', 'true');
    const shape = mark.appendChild(document.createElementNS(SVG, 'path'));
    shape.setAttribute('fill-rule', 'evenodd');
    const text = root.appendChild(document.createElement('span'));
    text.className = 'cut';
    const time = root.appendChild(document.createElement('span'));
    time.className = 't-time';
    const item = document.createElement('div');
    item.setAttribute('role', 'listitem');
    item.append(root);
    this.list.append(item);
    const label: Label = { item, root, shape, text, time, row: -1 };
    root.addEventListener('click', () => this.onPress(label.row));
    return label;
  }
}

function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
