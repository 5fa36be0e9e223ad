import { readPalette } from '../graph/palette';
import type { RunModel } from '../run/run-model';
import { WAIT_KINDS } from '../run/waits';
import { shownText } from '../shown-text';
import { element } from '../ui/canvas';
import { followPress } from '../ui/drag';
import { onRecoloured } from '../ui/scheme';
import { durationWords } from '../words';
import { Bars, ROW, SCALE } from './bars';
import { Brush } from './brush';
import { RowLabels } from './row-labels';
import { rowsOf, type Row, type RowsOptions } from './rows';
import { segmentsOf, spanOf, type Segment } from './segments';

const LABELS = 260;

interface TimelineEvents {
  onSelect(knot: number): void;
  onToggleGroup(name: string): void;
  /** The shown times, in milliseconds from the run's start; undefined for the whole run. */
  onWindow(window: readonly [number, number] | undefined): void;
}

export class TimelineStage {
  private readonly brush: Brush;
  private readonly scroller = element('div', 't-scroller');
  private readonly inner = element('div', 't-inner', this.scroller);
  private readonly pane = element('div', 't-pane', this.inner);
  private readonly labels: RowLabels;
  private readonly bars = new Bars();
  private readonly tip = element('div', 't-tip');
  private readonly segments: (Segment[] | undefined)[];
  private readonly spans: (readonly [number, number] | undefined)[];
  private rows: readonly Row[] = [];
  private options: RowsOptions = { order: 'start', closed: new Set() };
  private window: readonly [number, number] | undefined;
  private selected: number | undefined;
  private palette = readPalette();
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly changed = new Set<number>();
  private readonly undo: (() => void)[] = [];
  private now: number;

  /** @param end of the run; undefined if the run is running, so that its bars grow */
  constructor(
    private readonly host: HTMLElement,
    private readonly model: RunModel,
    private readonly start: number,
    private end: number | undefined,
    private readonly events: TimelineEvents,
  ) {
    this.segments = new Array<Segment[] | undefined>(model.knots.length);
    this.spans = new Array<readonly [number, number] | undefined>(model.knots.length);
    this.now = end ?? Date.now();
    this.brush = new Brush({
      onWindow: (from, to) => this.tell(from, to),
      onWhole: () => this.tell(...this.whole()),
    });
    this.labels = new RowLabels(model, (row) => this.press(row));
    this.build();
    this.measureAll();
    this.undo.push(
      model.onChange((knots) => {
        for (const knot of knots) this.changed.add(knot);
        this.request();
      }),
    );
  }

  close(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    for (const step of this.undo) step();
    this.host.replaceChildren();
  }

  setEnd(end: number | undefined): void {
    this.end = end;
    this.measureAll();
    this.request();
  }

  setRows(options: RowsOptions): void {
    this.options = options;
    this.order();
    this.request();
  }

  setWindow(window: readonly [number, number] | undefined): void {
    this.window = window && [this.start + window[0], this.start + window[1]];
    this.request();
  }

  select(knot: number | undefined, options: { reveal?: boolean } = {}): void {
    this.selected = knot;
    if (options.reveal) this.reveal(this.rows.findIndex((row) => row.kind === 'knot' && row.knot === knot));
    this.request();
  }

  /** The knot in the next or previous row of a knot, skipping rows of groups. */
  beside(knot: number | undefined, by: 1 | -1): number | undefined {
    let at = this.rows.findIndex((row) => row.kind === 'knot' && row.knot === knot);
    if (at < 0) at = by > 0 ? -1 : this.rows.length;
    for (at += by; at >= 0 && at < this.rows.length; at += by) {
      const row = this.rows[at]!;
      if (row.kind === 'knot') return row.knot;
    }
    return undefined;
  }

  zoomBy(factor: number, around?: number): void {
    const [from, to] = this.shown();
    const middle = around ?? (from + to) / 2;
    this.tell(middle + (from - middle) / factor, middle + (to - middle) / factor);
  }

  panBy(share: number): void {
    const [from, to] = this.shown();
    const by = (to - from) * share;
    this.tell(from + by, to + by);
  }

  private tell(from: number, to: number): void {
    const [first, last] = this.whole();
    const length = Math.max(1, Math.min(to - from, last - first));
    const start = Math.max(first, Math.min(from, last - length));
    const isAll = length >= (last - first) * 0.999;
    const window = isAll ? undefined : ([start - this.start, start + length - this.start] as const);
    this.setWindow(window);
    this.events.onWindow(window);
  }

  private whole(): readonly [number, number] {
    let last = this.end ?? this.now;
    if (this.end !== undefined) for (const span of this.spans) if (span && span[1] > last) last = span[1];
    return [this.start, Math.max(last, this.start + 1)];
  }

  private shown(): readonly [number, number] {
    return this.window ?? this.whole();
  }

  private measureAll(): void {
    for (let knot = 0; knot < this.model.knots.length; knot += 1) this.measure(knot);
    this.order();
  }

  private measure(knot: number): void {
    const { states, waits } = this.model;
    const segments = segmentsOf(states[knot], waits[knot], this.model.statusOf(knot), this.now);
    this.segments[knot] = segments;
    this.spans[knot] = spanOf(segments);
  }

  private order(): void {
    this.rows = rowsOf(this.model.knots.length, (knot) => this.spans[knot], this.options);
    this.inner.style.height = `${Math.max(this.rows.length * ROW, 1)}px`;
    this.brush.invalidate();
  }

  private build(): void {
    const { host, scroller, pane, tip } = this;
    const { canvas } = this.bars;
    canvas.className = 't-canvas';
    canvas.setAttribute('aria-hidden', 'true');
    tip.hidden = true;
    pane.append(canvas, this.labels.list);
    host.append(this.brush.canvas, scroller, tip);
    scroller.addEventListener('scroll', () => this.request(), { passive: true });
    const observer = new ResizeObserver(() => this.request());
    observer.observe(host);
    const recoloured = onRecoloured(() => {
      this.palette = readPalette();
      this.bars.recolour();
      this.brush.invalidate();
      this.request();
    });
    const onVisible = (): void => this.request();
    document.addEventListener('visibilitychange', onVisible);
    this.undo.push(
      recoloured,
      () => observer.disconnect(),
      () => document.removeEventListener('visibilitychange', onVisible),
    );
    canvas.addEventListener('pointerdown', this.onDown);
    canvas.addEventListener('pointermove', this.onHover);
    canvas.addEventListener('pointerleave', () => (tip.hidden = true));
    canvas.addEventListener('dblclick', () => this.tell(...this.whole()));
    scroller.addEventListener('wheel', this.onWheel, { passive: false });
  }

  private request(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  private draw(): void {
    if (this.end === undefined) this.now = Date.now();
    if (this.changed.size > 0) {
      for (const knot of this.changed) this.measure(knot);
      this.changed.clear();
      this.order();
    }
    const { clientHeight: height, scrollTop: top, clientWidth } = this.scroller;
    const width = Math.max(0, clientWidth - LABELS);
    if (height === 0 || width === 0) return;
    this.pane.style.height = `${height}px`;
    const ratio = Math.min(2, devicePixelRatio);
    this.bars.begin(width, height, ratio, this.shown());
    this.bars.scale(this.start);
    const first = Math.floor(top / ROW);
    const last = Math.min(this.rows.length - 1, Math.ceil((top + height - SCALE) / ROW));
    let isOpen = false;
    this.bars.rows(() => {
      for (let index = first; index <= last; index += 1)
        isOpen = this.drawRow(this.rows[index]!, SCALE + index * ROW - top) || isOpen;
    });
    if (this.end === undefined) this.bars.now(this.now);
    this.labels.show(this.rows, first, last, top, this.selected);
    const { window, now, palette } = this;
    this.brush.draw(width, ratio, this.spans, { whole: this.whole(), window, now, palette });
    // Growing bars are drawn five times a second: in between, they move by less than a pixel.
    clearTimeout(this.timer);
    if (this.end === undefined && !document.hidden)
      this.timer = setTimeout(() => this.request(), isOpen ? 200 : 1000);
  }

  private drawRow(row: Row, y: number): boolean {
    if (row.kind === 'group') {
      const span = this.spanOfGroup(row.members);
      if (span) this.bars.group(span, y);
      return false;
    }
    const { knot } = row;
    if (knot === this.selected) this.bars.selection(y);
    const isOpen = !this.model.states[knot] && this.model.waits[knot] !== undefined;
    if (isOpen) this.measure(knot);
    for (const segment of this.segments[knot] ?? []) this.bars.segment(segment, y);
    return isOpen;
  }

  private press(index: number): void {
    const row = this.rows[index];
    if (!row) return;
    if (row.kind === 'group') this.events.onToggleGroup(row.name);
    else this.events.onSelect(row.knot);
  }

  private reveal(index: number): void {
    if (index < 0) return;
    const { scroller } = this;
    const room = scroller.clientHeight - SCALE;
    if (index * ROW < scroller.scrollTop) scroller.scrollTop = index * ROW;
    else if ((index + 1) * ROW > scroller.scrollTop + room) scroller.scrollTop = (index + 1) * ROW - room;
  }

  private spanOfGroup(members: readonly number[]): readonly [number, number] | undefined {
    let [from, to] = [Infinity, -Infinity];
    for (const knot of members) {
      const span = this.spans[knot];
      if (!span) continue;
      from = Math.min(from, span[0]);
      to = Math.max(to, span[1]);
    }
    return from === Infinity ? undefined : [from, to];
  }

  private readonly onWheel = (event: WheelEvent): void => {
    const { left } = this.bars.canvas.getBoundingClientRect();
    const [from, to] = this.shown();
    if (event.ctrlKey || event.metaKey || event.altKey) {
      event.preventDefault();
      const share = (event.clientX - left) / Math.max(1, this.bars.canvas.clientWidth);
      this.zoomBy(Math.exp(-event.deltaY * 0.004), from + (to - from) * share);
    } else if (event.deltaX !== 0 || event.shiftKey) {
      const by = event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (Math.abs(event.deltaY) > Math.abs(event.deltaX) && !event.shiftKey) return;
      event.preventDefault();
      this.panBy(by / Math.max(1, this.bars.canvas.clientWidth));
    }
  };

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const { canvas } = this.bars;
    const [from, to] = this.shown();
    followPress(canvas, event, {
      onDrag: ({ clientX }) => {
        const by = ((event.clientX - clientX) / canvas.clientWidth) * (to - from);
        this.tell(from + by, to + by);
      },
      onClick: (up) => this.press(this.rowAt(up.clientY)),
    });
  };

  private rowAt(clientY: number): number {
    const { top } = this.bars.canvas.getBoundingClientRect();
    return Math.floor((clientY - top - SCALE + this.scroller.scrollTop) / ROW);
  }

  private readonly onHover = (event: PointerEvent): void => {
    const { tip } = this;
    const { canvas } = this.bars;
    const row = this.rows[this.rowAt(event.clientY)];
    const { left, width } = canvas.getBoundingClientRect();
    const [from, to] = this.shown();
    const scale = (to - from) / (width - 12);
    const at = from + (event.clientX - left - 4) * scale;
    const near = 3 * scale;
    const segment =
      row?.kind === 'knot'
        ? this.segments[row.knot]?.findLast((one) => at >= one.from - near && at <= one.to + near)
        : undefined;
    tip.hidden = !segment || event.buttons !== 0;
    if (!segment || row?.kind !== 'knot') return;
    tip.textContent = `${shownText(this.model.knots[row.knot]!.id)}\n${said(segment)}`;
    const host = this.host.getBoundingClientRect();
    const x = Math.min(event.clientX - host.left + 14, host.width - 280);
    tip.style.transform = `translate(${x}px, ${event.clientY - host.top + 16}px)`;
  };
}

function said(segment: Segment): string {
  const took = durationWords(segment.to - segment.from);
  if (segment.kind === 'wait') return `Waited ${took} ${WAIT_KINDS[segment.wait]} (${segment.code})`;
  if (segment.kind === 'attempt') return `Attempt ${segment.attempt}, ${took}: ${shownText(segment.reason)}`;
  const attempt = segment.attempt > 1 ? `, attempt ${segment.attempt}` : '';
  return `${segment.status}, ${took}${attempt}`;
}
