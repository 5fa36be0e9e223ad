import type { KnotStatus } from '../../../visualisation/selection';
import { SHAPES } from '../ui/outcome';
import type { Camera, Rect } from './camera';
import { TONES } from './tones';

/** The texts of a knot's card. */
export interface CardText {
  readonly status: KnotStatus;
  readonly word: string;
  readonly id: string;
  /** The id without what its group already says. */
  readonly label: string;
  readonly about: string;
  readonly time: string;
  readonly hash: string;
  readonly isSelected: boolean;
  readonly isDimmed: boolean;
}

/** Maximum number of knots in the DOM, with six elements each. */
export const MOST_CARDS = 36;

const SVG = 'http://www.w3.org/2000/svg';

interface Card {
  readonly root: HTMLElement;
  readonly shape: SVGPathElement;
  readonly parts: readonly HTMLElement[];
  knot: number;
  shown: string;
}

/** DOM cards for the knots in view: a pool, reused for other knots as the view moves. */
export class Cards {
  private readonly layer: HTMLElement;
  private readonly pool: Card[] = [];
  private readonly byKnot = new Map<number, Card>();

  constructor(host: HTMLElement) {
    this.layer = host.appendChild(document.createElement('div'));
    this.layer.className = 'g-cards';
    // Screen readers learn about knots from the list and the selection.
    this.layer.setAttribute('aria-hidden', 'true');
  }

  /** @param knots the knots to show: at most {@link MOST_CARDS} */
  show(
    knots: readonly number[],
    camera: Camera,
    placeOf: (knot: number) => Rect,
    textOf: (knot: number) => CardText,
  ): void {
    this.layer.style.transform = `translate(${-camera.x * camera.zoom}px, ${-camera.y * camera.zoom}px) scale(${camera.zoom})`;
    const wanted = new Set(knots);
    const free: Card[] = [];
    for (const card of this.pool) if (!wanted.has(card.knot)) free.push(card);
    for (const knot of knots) {
      if (this.byKnot.has(knot)) continue;
      const card = free.pop() ?? this.add();
      this.byKnot.delete(card.knot);
      card.knot = knot;
      this.byKnot.set(knot, card);
      place(card, placeOf(knot));
      fill(card, textOf(knot));
    }
    for (const card of free) {
      if (card.knot < 0) continue;
      this.byKnot.delete(card.knot);
      card.knot = -1;
      card.root.hidden = true;
    }
  }

  /** Updates the texts of the shown cards. */
  refresh(knots: Iterable<number> | undefined, textOf: (knot: number) => CardText): void {
    for (const knot of knots ?? [...this.byKnot.keys()]) {
      const card = this.byKnot.get(knot);
      if (card) fill(card, textOf(knot));
    }
  }

  private add(): Card {
    const root = document.createElement('div');
    const mark = root.appendChild(document.createElementNS(SVG, 'svg'));
    mark.setAttribute('viewBox', '0 0 12 12');
    mark.setAttribute('class', 'shape');
    const shape = mark.appendChild(document.createElementNS(SVG, 'path'));
    shape.setAttribute('fill-rule', 'evenodd');
    const parts = ['id', 'about', 'time'].map((name) => {
      const part = document.createElement('span');
      part.className = `g-${name} cut`;
      return root.appendChild(part);
    });
    this.layer.append(root);
    const card = { root, shape, parts, knot: -1, shown: '' };
    this.pool.push(card);
    return card;
  }
}

function place({ root }: Card, { x, y, width, height }: Rect): void {
  root.hidden = false;
  root.style.transform = `translate(${x}px, ${y}px)`;
  root.style.width = `${width}px`;
  root.style.height = `${height}px`;
}

function fill(card: Card, text: CardText): void {
  const shown = JSON.stringify(text);
  if (card.shown === shown) return;
  card.shown = shown;
  const { root, shape, parts } = card;
  root.className = `g-card tone-${TONES[text.status]}${text.isSelected ? ' g-selected' : ''}${text.isDimmed ? ' g-dimmed' : ''}`;
  root.title = [text.id, text.about, text.word, text.time, text.hash]
    .filter((part) => part !== '')
    .join('\n');
  shape.setAttribute('d', SHAPES[TONES[text.status]]);
  const texts = [text.label, text.about, text.time === '' ? text.word : text.time];
  parts.forEach((part, index) => {
    part.textContent = texts[index]!;
  });
}
