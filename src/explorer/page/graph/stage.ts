import type { Picture } from '../../../visualisation';
import { labelsOf } from '../../../visualisation/layout';
import type { KnotStatus } from '../../../visualisation/marks';
import { relatives } from '../../../visualisation/selection';
import { durationOf } from '../../../visualisation/words';
import { shownText } from '../shown-text';
import { element } from '../ui/canvas';
import { followPress } from '../ui/drag';
import { onRecoloured } from '../ui/scheme';
import { countWords, durationWords, shortHash } from '../words';
import type { RunModel } from '../run/run-model';
import {
  fit,
  inPicture,
  opening,
  panned,
  revealed,
  viewOf,
  zoomedAt,
  type Camera,
  type Rect,
  type Size,
} from './camera';
import { Cards, MOST_CARDS, type CardText } from './cards';
import { Layer, type Paper } from './layer';
import { placeIn } from './corners';
import { Minimap } from './minimap';
import type { Look } from './painter';
import { readPalette, type Palette } from './palette';
import { onPrint } from './print';
import { Scene } from './scene';

/** Zoom from which boxes are DOM elements, if there are few enough of them. */
const CARD_ZOOM = 0.3;
/** Time for drawing in a frame, in milliseconds. Another four milliseconds are left for everything else. */
const FRAME_MS = 4;
const PRINTED: Paper = { ratio: 3, margin: 0 };
/** Pixels that are drawn beyond each side of the screen. */
const MARGIN = 240;
const FIRST_DRAWN = 'selvage: graph drawn';

interface StageEvents {
  onSelect(knot: number | undefined): void;
  onToggleGroup(name: string): void;
  onMove(camera: Camera, viewport: Size): void;
}

/**
 * An interactive graph on the screen.
 * G1  The camera moves only in response to the user.
 * G2  Changes of status are collected without frames and drawn in the next one: a hidden tab collects them,
 *     and draws once when it is seen again.
 * G3  No frame but the first draws longer than {@link FRAME_MS}.
 */
export class Stage {
  private readonly base: HTMLElement;
  private readonly over: HTMLElement;
  private readonly cards: Cards;
  private readonly minimap: Minimap;
  private palette: Palette;
  private scene: Scene | undefined;
  private layer: Layer | undefined;
  private highlight: Layer | undefined;
  private camera: Camera = { x: 0, y: 0, zoom: 1 };
  private viewport: Size = { width: 0, height: 0 };
  private hasCamera = false;
  private isDrawn = false;
  private isPrinted = false;
  private frame: number | undefined;
  private readonly changed = new Set<number>();
  private selected: number | undefined;
  private hovered: number | undefined;
  private filter: ReadonlySet<number> | undefined;
  private groupCounts: (Partial<Record<KnotStatus, number>> | undefined)[] = [];
  private readonly undo: (() => void)[] = [];
  private readonly labels: readonly string[];

  constructor(
    private readonly host: HTMLElement,
    private readonly model: RunModel,
    private readonly events: StageEvents,
  ) {
    this.base = element('div', 'g-layer', host);
    this.over = element('div', 'g-layer', host);
    for (const layer of [this.base, this.over]) layer.setAttribute('aria-hidden', 'true');
    this.labels = labelsOf(model.knots).map(shownText);
    this.cards = new Cards(host);
    this.palette = readPalette();
    this.minimap = new Minimap(host, (x, y) => this.lookAt(x, y));
    this.undo.push(model.onChange((knots) => this.gather(knots)));
    this.listen();
  }

  close(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    for (const step of this.undo) step();
    this.host.replaceChildren();
  }

  /** Shows another layout of the same graph; the selected knot stays where it is on the screen. */
  setPicture(picture: Picture, camera?: Camera): void {
    const anchor = this.selected === undefined ? undefined : this.scene?.placeOf(this.selected);
    this.scene = new Scene(picture);
    this.groupCounts = [];
    this.layer = new Layer(this.base, this.scene, this.look());
    this.makeHighlight();
    this.minimap.setPicture(picture, (knot) => this.model.statusOf(knot), this.palette);
    this.measure();
    if (camera) this.camera = camera;
    else if (!this.hasCamera) this.camera = opening(picture, this.viewport);
    else if (anchor) {
      const place = this.scene.placeOf(this.selected!);
      if (place) {
        const { x, y, zoom } = this.camera;
        this.camera = { x: x + place.x - anchor.x, y: y + place.y - anchor.y, zoom };
      }
    }
    this.hasCamera = true;
    this.request();
  }

  select(knot: number | undefined, options: { reveal?: boolean } = {}): void {
    if (this.selected !== knot) {
      this.selected = knot;
      this.makeHighlight();
      this.cards.refresh(undefined, this.cardText);
    }
    const place = knot === undefined ? undefined : this.scene?.placeOf(knot);
    if (options.reveal && place) this.move(revealed(this.camera, place, this.viewport));
    this.request();
  }

  setFilter(filter: ReadonlySet<number> | undefined): void {
    this.filter = filter;
    this.makeHighlight();
    this.cards.refresh(undefined, this.cardText);
    this.request();
  }

  fit(): void {
    if (this.scene) this.move(fit(this.scene.picture, this.viewport));
  }

  zoomBy(factor: number): void {
    this.move(zoomedAt(this.camera, factor, this.viewport.width / 2, this.viewport.height / 2));
  }

  panBy(dx: number, dy: number): void {
    this.move(panned(this.camera, dx, dy));
  }

  acrossOf(knot: number): number | undefined {
    const place = this.scene?.placeOf(knot);
    return place && place.x + place.width / 2;
  }

  private lookAt(x: number, y: number): void {
    const { width, height } = viewOf(this.camera, this.viewport);
    this.move({ ...this.camera, x: x - width / 2, y: y - height / 2 });
  }

  private move(camera: Camera): void {
    this.camera = camera;
    this.events.onMove(camera, this.viewport);
    this.request();
  }

  private look(only?: ReadonlySet<number>, isHighlight = false): Look {
    const { model } = this;
    return {
      palette: () => this.palette,
      statusOf: (knot) => model.statusOf(knot),
      wordOf: model.wordOf,
      linesOf: (knot) => {
        const { label, about, line } = this.cardText(knot);
        return [label, [about, line].filter((part) => part !== '').join(' · ')];
      },
      countsOf: (group) => this.countsOf(group),
      ...(only && { only }),
      ...(only && this.selected !== undefined && { chosen: this.selected }),
      isHighlight,
    };
  }

  private countsOf(group: number): Partial<Record<KnotStatus, number>> {
    const known = this.groupCounts[group];
    if (known) return known;
    const counts: Partial<Record<KnotStatus, number>> = {};
    for (const knot of this.scene!.picture.groups[group]!.members) {
      const status = this.model.statusOf(knot);
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return (this.groupCounts[group] = counts);
  }

  private readonly cardText = (knot: number): CardText => {
    const { id, definition, kind, each } = this.model.knots[knot]!;
    const state = this.model.states[knot];
    const { status, word, notes } = this.model.marks[knot]!;
    const took = durationOf({ state });
    const counted = state?.elements ?? this.model.elementsOf(knot);
    return {
      status,
      word: shownText(word),
      id: shownText(id),
      label: this.labels[knot]!,
      about: shownText(
        each === undefined
          ? (definition ?? kind)
          : counted && 'count' in counted
            ? `${counted.count.toLocaleString('en')} × ${each}`
            : `${kind} of ${each}`,
      ),
      line: [
        took === undefined ? shownText(word) : durationWords(took),
        counted && !('count' in counted) ? `${countWords(counted.ok + counted.failed)} ended` : '',
        ...notes,
      ]
        .filter((part) => part !== '')
        .join(' · '),
      hash: state?.outputHash === undefined ? '' : shortHash(state.outputHash),
      isSelected: knot === this.selected,
      isDimmed: this.filter !== undefined && !this.filter.has(knot),
    };
  };

  private makeHighlight(): void {
    const { scene } = this;
    if (!scene) return;
    const pointed = this.hovered ?? (this.filter ? undefined : this.selected);
    if (pointed !== undefined && pointed >= 0) {
      const { parents, children } = this.model.kinship;
      const family = new Set([pointed, ...relatives(parents, [pointed]), ...relatives(children, [pointed])]);
      this.highlight = new Layer(this.over, scene, this.look(family, true));
    } else if (this.filter) this.highlight = new Layer(this.over, scene, this.look(this.filter));
    else {
      this.highlight = undefined;
      this.over.replaceChildren();
    }
    this.base.classList.toggle('g-faint', this.filter !== undefined || this.hovered !== undefined);
  }

  private gather(knots: readonly number[]): void {
    for (const knot of knots) this.changed.add(knot);
    this.request();
  }

  private request(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (this.draw()) this.request();
    });
  }

  /** @returns whether there is more to draw */
  private draw(): boolean {
    const { scene, layer, viewport } = this;
    if (!scene || !layer || viewport.width === 0) return false;
    const changed = [...this.changed];
    this.changed.clear();
    if (changed.length > 0) {
      for (const group of scene.closedGroupsOf(changed)) this.groupCounts[group] = undefined;
      layer.changed(changed);
      this.highlight?.changed(changed);
      this.cards.refresh(changed, this.cardText);
      this.minimap.changed(changed);
    }
    const paper = this.isPrinted ? PRINTED : { ratio: Math.min(2, devicePixelRatio), margin: MARGIN };
    let isMore = layer.draw(this.camera, viewport, paper, FRAME_MS);
    if (this.highlight) isMore = this.highlight.draw(this.camera, viewport, paper, FRAME_MS) || isMore;
    this.showCards();
    this.minimap.draw(viewOf(this.camera, viewport), (corner) =>
      scene.isFree(inPicture(this.camera, placeIn(corner, viewport))),
    );
    if (!this.isDrawn) performance.mark(FIRST_DRAWN);
    this.isDrawn = true;
    return isMore;
  }

  private showCards(): void {
    const { scene, camera, viewport } = this;
    const near = camera.zoom < CARD_ZOOM ? [] : scene!.knots.in(viewOf(camera, viewport), MOST_CARDS + 1);
    const boxOf = (knot: number): Rect => scene!.picture.boxes[knot]!;
    this.cards.show(near.length > MOST_CARDS ? [] : near, camera, boxOf, this.cardText);
  }

  private measure(): void {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (width === this.viewport.width && height === this.viewport.height) return;
    this.viewport = { width, height };
    this.request();
  }

  private listen(): void {
    const { host } = this;
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(host);
    const recoloured = onRecoloured(() => {
      this.palette = readPalette();
      this.layer?.invalidate();
      this.highlight?.invalidate();
      this.minimap.recolour(this.palette);
      this.request();
    });
    // On paper the whole picture is shown.
    const printing = onPrint(() => {
      const before = this.camera;
      this.isPrinted = true;
      if (this.scene) this.camera = fit(this.scene.picture, this.viewport);
      while (this.draw()) continue;
      return () => {
        this.isPrinted = false;
        this.move(before);
      };
    });
    this.undo.push(recoloured, () => observer.disconnect(), printing);
    host.addEventListener('wheel', this.onWheel, { passive: false });
    host.addEventListener('pointerdown', this.onDown);
    host.addEventListener('pointermove', this.onHover);
    host.addEventListener('pointerleave', () => this.hover(undefined));
    host.addEventListener('dblclick', (event) => {
      const { px, py } = this.pixel(event);
      this.move(zoomedAt(this.camera, event.shiftKey ? 0.5 : 2, px, py));
    });
  }

  private pixel(event: MouseEvent): { px: number; py: number; x: number; y: number } {
    const { left, top } = this.host.getBoundingClientRect();
    const [px, py] = [event.clientX - left, event.clientY - top];
    return { px, py, x: this.camera.x + px / this.camera.zoom, y: this.camera.y + py / this.camera.zoom };
  }

  /** A mouse wheel zooms, as on maps. A trackpad, whose steps are small or sideways, pans. */
  private readonly onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const { px, py } = this.pixel(event);
    const isWheel = event.deltaX === 0 && (event.deltaMode !== 0 || Math.abs(event.deltaY) >= 100);
    if (event.ctrlKey || event.metaKey || (isWheel && !event.shiftKey)) {
      const pixels = event.deltaMode === 0 ? event.deltaY : event.deltaY * 40;
      this.move(zoomedAt(this.camera, Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0018)), px, py));
    } else if (event.shiftKey && event.deltaX === 0) this.move(panned(this.camera, event.deltaY, 0));
    else this.move(panned(this.camera, event.deltaX, event.deltaY));
  };

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || (event.target as Element).closest('.g-minimap')) return;
    const { host } = this;
    let [x, y] = [event.clientX, event.clientY];
    followPress(host, event, {
      onDrag: ({ clientX, clientY }) => {
        host.classList.add('g-dragged');
        const [dx, dy] = [clientX - x, clientY - y];
        [x, y] = [clientX, clientY];
        this.move(panned(this.camera, -dx, -dy));
      },
      onClick: (up) => this.click(up),
      onEnd: () => host.classList.remove('g-dragged'),
    });
  };

  private click(event: PointerEvent): void {
    const { scene } = this;
    if (!scene) return;
    const { x, y } = this.pixel(event);
    const found = scene.at(x, y);
    const group = found === undefined ? this.nameAt(x, y) : found < 0 ? -1 - found : undefined;
    if (group !== undefined) this.events.onToggleGroup(scene.picture.groups[group]!.name);
    else this.events.onSelect(found);
  }

  private nameAt(x: number, y: number): number | undefined {
    const { scene, camera } = this;
    const high = Math.max(28, 16 / camera.zoom);
    return scene!.groupsAt(x, y).find((index) => y < scene!.picture.groups[index]!.y + high);
  }

  private readonly onHover = (event: PointerEvent): void => {
    if (event.buttons !== 0 || !this.scene) return;
    const { x, y } = this.pixel(event);
    const found = this.scene.at(x, y);
    this.host.style.cursor = found !== undefined || this.nameAt(x, y) !== undefined ? 'pointer' : '';
    this.hover(found !== undefined && found >= 0 && this.camera.zoom > 0.12 ? found : undefined);
  };

  private hover(knot: number | undefined): void {
    if (this.hovered === knot) return;
    this.hovered = knot;
    this.makeHighlight();
    this.request();
  }
}
