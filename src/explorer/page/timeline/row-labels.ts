import { shortened, shownText } from '../shown-text';
import { durationOf } from '../../../visualisation/words';
import { lettersIn } from '../graph/legible';
import { TONES } from '../graph/status';
import type { RunModel } from '../run/run-model';
import { element, markIn } from '../ui/canvas';
import { SHAPES } from '../ui/tones';
import { countWords, durationWords } from '../words';
import { ROW, SCALE } from './bars';
import type { Row } from './rows';

/** Pixels for the name and the time of a label, and letters of a name that stay in any case. */
const [ROOM, LEAST_LETTERS] = [213, 12];

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

  /** @param onPath the knots of the critical path */
  show(
    rows: readonly Row[],
    [first, last, top]: readonly [first: number, last: number, top: number],
    selected: number | undefined,
    onPath: ReadonlySet<number>,
  ): void {
    const wanted = Math.max(0, last - first + 1);
    while (this.pool.length < wanted) this.pool.push(this.add());
    this.pool.forEach((label, slot) => {
      const index = first + ((((slot - first) % this.pool.length) + this.pool.length) % this.pool.length);
      label.root.hidden = index > last;
      if (index > last) return;
      label.root.style.transform = `translateY(${SCALE + index * ROW - top}px)`;
      this.fill(label, rows[index]!, selected, onPath);
      label.row = index;
      label.item.setAttribute('aria-posinset', String(index + 1));
      label.item.setAttribute('aria-setsize', String(rows.length));
    });
  }

  private fill(label: Label, row: Row, selected: number | undefined, onPath: ReadonlySet<number>): void {
    const { root, shape, text, time } = label;
    root.style.paddingLeft = `${10 + row.depth * 14}px`;
    const isCurrent = row.kind === 'knot' && row.knot === selected;
    root.ariaCurrent = isCurrent ? 'true' : null;
    root.ariaExpanded = row.kind === 'group' ? String(!row.isClosed) : null;
    if (row.kind !== 'knot') {
      root.className = `t-label ${row.kind === 'group' ? 't-group ' : ''}pick row`;
      shape.setAttribute('d', row.kind === 'lane' ? '' : row.isClosed ? 'M4 2l5 4-5 4z' : 'M2 4h8L6 9z');
      const [name, count] =
        row.kind === 'lane'
          ? [`lane ${row.lane + 1}`, countWords(row.items.length, 'attempt')]
          : [shownText(row.name), countWords(row.members.length)];
      set(text, name);
      set(time, count);
      root.title = name;
      return;
    }
    const { knot } = row;
    const { status, word, notes: marks } = this.model.marks[knot]!;
    const notes = onPath.has(knot) ? [...marks, 'critical'] : marks;
    const { id } = this.model.knots[knot]!;
    const took = durationOf({ state: this.model.states[knot] });
    root.className = `t-label pick row tone-${TONES[status]}`;
    shape.setAttribute('d', SHAPES[TONES[status]]);
    set(time, [...notes, took === undefined ? shownText(word) : durationWords(took)].join(' · '));
    const room = ROOM - row.depth * 14 - time.textContent.length * 5;
    set(text, shortened(shownText(id), Math.max(LEAST_LETTERS, lettersIn(room, 12))));
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
