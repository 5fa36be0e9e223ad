import type { KnotStatus } from '../../../visualisation/marks';
import { element, markIn } from '../ui/canvas';
import { SHAPES } from '../ui/tones';
import { shortened } from '../shown-text';
import type { Camera, Rect } from './camera';
import { legible, lettersIn, nameIn, SANS_LETTER } from './legible';
import { TONES } from './status';

export interface CardText {
  readonly status: KnotStatus;
  readonly word: string;
  readonly id: string;
  /** The knot's id without the name of its group. */
  readonly label: string;
  readonly about: string;
  /** How long the knot took, or its status, and its marks. */
  readonly line: string;
  readonly hash: string;
  readonly isSelected: boolean;
  readonly isDimmed: boolean;
}

/** Maximum number of knots in the DOM, with six elements each. */
export const MOST_CARDS = 36;

/** Height of a knot's box in pictures. */
const HEIGHT = 52;

interface Card {
  readonly root: HTMLElement;
  readonly shape: SVGPathElement;
  readonly parts: readonly HTMLElement[];
  knot: number;
  width: number;
  shown: string;
}

/** DOM cards for the knots in view: a pool, reused for other knots as the view moves. */
export class Cards {
  private readonly layer: HTMLElement;
  private readonly pool: Card[] = [];
  private readonly byKnot = new Map<number, Card>();
  private zoom = 0;

  constructor(host: HTMLElement) {
    this.layer = element('div', 'g-cards', host);
    // Screen readers learn about knots from the list and the selection.
    this.layer.setAttribute('aria-hidden', 'true');
  }

  show(
    knots: readonly number[],
    camera: Camera,
    placeOf: (knot: number) => Rect,
    textOf: (knot: number) => CardText,
  ): void {
    const isZoomed = this.zoom !== camera.zoom;
    if (isZoomed) this.fit(camera.zoom);
    this.layer.style.transform = `translate(${-camera.x * camera.zoom}px, ${-camera.y * camera.zoom}px) scale(${camera.zoom})`;
    const wanted = new Set(knots);
    const free: Card[] = [];
    for (const card of this.pool) if (!wanted.has(card.knot)) free.push(card);
    for (const knot of knots) {
      const shown = this.byKnot.get(knot);
      if (shown) {
        if (isZoomed) fill(shown, textOf(knot), this.zoom);
        continue;
      }
      const card = free.pop() ?? this.add();
      this.byKnot.delete(card.knot);
      card.knot = knot;
      this.byKnot.set(knot, card);
      place(card, placeOf(knot));
      fill(card, textOf(knot), this.zoom);
    }
    for (const card of free) {
      if (card.knot < 0) continue;
      this.byKnot.delete(card.knot);
      card.knot = -1;
      card.root.hidden = true;
    }
  }

  refresh(knots: Iterable<number> | undefined, textOf: (knot: number) => CardText): void {
    for (const knot of knots ?? [...this.byKnot.keys()]) {
      const card = this.byKnot.get(knot);
      if (card) fill(card, textOf(knot), this.zoom);
    }
  }

  /** Counters the scale of the layer, so that its text stays legible. */
  private fit(zoom: number): void {
    this.zoom = zoom;
    const { lines, first, second } = legible(HEIGHT, zoom);
    this.layer.dataset['lines'] = String(lines);
    this.layer.style.setProperty('--first', `${first / zoom}px`);
    this.layer.style.setProperty('--second', `${second / zoom}px`);
  }

  private add(): Card {
    const root = element('div', '', this.layer);
    const shape = markIn(root);
    const parts = ['id', 'about', 'time'].map((name) => element('span', `g-${name} cut`, root));
    const card = { root, shape, parts, knot: -1, width: 0, shown: '' };
    this.pool.push(card);
    return card;
  }
}

function place(card: Card, { x, y, width, height }: Rect): void {
  const { root } = card;
  card.width = width;
  root.hidden = false;
  root.style.transform = `translate(${x}px, ${y}px)`;
  root.style.width = `${width}px`;
  root.style.height = `${height}px`;
}

/** The padding of a card, and the gaps around its mark, in the picture. */
const AROUND = 26;

function fill(card: Card, text: CardText, zoom: number): void {
  const { first, second } = legible(HEIGHT, zoom);
  const room = (card.width - AROUND) * zoom;
  const label = shortened(text.label, lettersIn(room - first, first));
  const about = nameIn(text.about, lettersIn(room, second, SANS_LETTER) - text.line.length - 1);
  const shown = JSON.stringify([text, label, about]);
  if (card.shown === shown) return;
  card.shown = shown;
  const { root, shape, parts } = card;
  root.className = `g-card tone-${TONES[text.status]}${text.isSelected ? ' g-selected' : ''}${text.isDimmed ? ' g-dimmed' : ''}`;
  root.title = [text.id, text.about, text.word, text.line, text.hash]
    .filter((part) => part !== '')
    .join('\n');
  shape.setAttribute('d', SHAPES[TONES[text.status]]);
  const texts = [label, about, text.line];
  parts.forEach((part, index) => {
    part.textContent = texts[index]!;
  });
}
