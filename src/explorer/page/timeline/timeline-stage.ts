import type { Signal } from '@preact/signals';
import type { RunModel } from '../run/run-model';
import { shownText } from '../shown-text';
import { element } from '../ui/canvas';
import { followPress } from '../ui/drag';
import { onRecoloured } from '../ui/scheme';
import { Bars, ROW, SCALE } from './bars';
import { Breaks } from './breaks';
import { Brush } from './brush';
import { RowLabels } from './row-labels';
import { knotsOf, laneRows, rowsOf, type Item, type Row, type RowsOptions } from './rows';
import { criticalPath, pathWords } from './critical-path';
import { segmentsOf, segmentWords, spanOf, workOf, type Segment } from './segments';
import { TimeScale, type Span } from './time-scale';

const LABELS = 260;

interface TimelineEvents {
  onSelect(knot: number): void;
  onToggleGroup(name: string): void;
  /** The shown times, in milliseconds from the run's start; undefined for the whole run. */
  onWindow(window: Span | undefined): void;
}

/** Facts about the picture, which the stage keeps up to date. */
interface Facts {
  readonly hasBreaks: Signal<boolean>;
  /** The critical path in words; empty if it is not marked. */
  readonly path: Signal<string>;
}

export interface StageOptions extends RowsOptions {
  /** Whether rows are lanes of workers. */
  readonly byWorker?: boolean;
  /** Whether long times without work have their real length. */
  readonly isReal?: boolean;
  readonly hasPath?: boolean;
}

export class TimelineStage {
  private readonly brush: Brush;
  private readonly scroller = element('div', 't-scroller');
  private readonly inner = element('div', 't-inner', this.scroller);
  private readonly pane = element('div', 't-pane', this.inner);
  private readonly labels: RowLabels;
  private readonly bars = new Bars();
  private readonly tip = element('div', 't-tip');
  private readonly segments: (readonly Segment[])[] = [];
  private readonly spans: (Span | undefined)[] = [];
  private readonly breaks = new Breaks();
  private rows: readonly Row[] = [];
  /** The row of each knot; in lanes, of its last attempt. */
  private readonly rowOf = new Map<number, number>();
  private options: StageOptions = { order: 'start', closed: new Set() };
  private scale = new TimeScale([0, 1]);
  private path: readonly number[] = [];
  private window: Span | undefined;
  private selected: number | undefined;
  private frame: number | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly changed = new Set<number>();
  private readonly undo: (() => void)[] = [];
  private end: number | undefined;
  private now = 0;

  constructor(
    private readonly host: HTMLElement,
    private readonly model: RunModel,
    private readonly start: number,
    private readonly events: TimelineEvents,
    private readonly facts: Facts,
  ) {
    this.brush = new Brush({
      onWindow: (from, to) => this.tell(from, to),
      onWhole: () => this.tell(...this.scale.ends),
    });
    this.labels = new RowLabels(model, (row) => this.press(row));
    this.build();
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

  /** @param end of the run; undefined if the run is running, so that its bars grow */
  setEnd(end: number | undefined): void {
    this.end = end;
    this.now = end ?? Date.now();
    this.model.knots.forEach((_, knot) => this.measure(knot));
    this.order();
    this.request();
  }

  setOptions(options: StageOptions): void {
    this.options = options;
    this.order();
    this.request();
  }

  setWindow(window: Span | undefined): void {
    this.window = window && [this.start + window[0], this.start + window[1]];
    this.request();
  }

  select(knot: number | undefined, options: { reveal?: boolean } = {}): void {
    this.selected = knot;
    if (options.reveal && knot !== undefined) this.reveal(this.rowOf.get(knot) ?? 0);
    this.request();
  }

  /** The next or previous knot in the order of rows. */
  beside(knot: number | undefined, by: 1 | -1): number | undefined {
    const knots = [...new Set(this.rows.flatMap(knotsOf))];
    const at = knot === undefined ? -1 : knots.indexOf(knot);
    return at < 0 ? knots.at(by > 0 ? 0 : -1) : knots[at + by];
  }

  zoomBy(factor: number, around?: number): void {
    const [from, to] = this.positions();
    const middle = around === undefined ? (from + to) / 2 : this.scale.at(around);
    this.tell(middle + (from - middle) / factor, middle + (to - middle) / factor);
  }

  panBy(share: number): void {
    const [from, to] = this.positions();
    const by = (to - from) * share;
    this.tell(from + by, to + by);
  }

  /** Shows the times between two positions. */
  private tell(from: number, to: number): void {
    const { scale, start } = this;
    const [first, last] = scale.ends;
    const length = Math.max(1, Math.min(to - from, last - first));
    const begin = Math.max(first, Math.min(from, last - length));
    const isAll = length >= (last - first) * 0.999;
    const timeAt = (position: number): number => scale.timeAt(position) - start;
    const window = isAll ? undefined : ([timeAt(begin), timeAt(begin + length)] as const);
    this.setWindow(window);
    this.events.onWindow(window);
  }

  private shown(): Span {
    return this.window ?? this.scale.whole;
  }

  private positions(): Span {
    return this.scale.span(this.shown());
  }

  private measure(knot: number): void {
    const { states, waits, knots, kinship } = this.model;
    const ready = Math.max(this.start, ...kinship.parents[knot]!.map((one) => states[one]?.finishedAt ?? 0));
    const seen = { status: this.model.statusOf(knot), kind: knots[knot]!.kind, ready, now: this.now };
    this.segments[knot] = segmentsOf(states[knot], waits[knot], seen);
    this.spans[knot] = spanOf(this.segments[knot]);
  }

  private order(): void {
    const { options, segments, rowOf } = this;
    this.rows = options.byWorker
      ? laneRows(segments, options)
      : rowsOf(this.model.knots.length, this.spans, options);
    rowOf.clear();
    this.rows.forEach((row, index) => knotsOf(row).forEach((knot) => rowOf.set(knot, index)));
    this.inner.style.height = `${Math.max(this.rows.length * ROW, 1)}px`;
    this.rescale();
  }

  /** Finds the breaks and the critical path anew. */
  private rescale(): void {
    const { end, start, spans, options, segments, now } = this;
    const last = end === undefined ? now : spans.reduce((at, span) => Math.max(at, span?.[1] ?? at), end);
    const whole = [start, Math.max(last, start + 1)] as const;
    const broken = new TimeScale(
      whole,
      segments.flatMap((those) => those.flatMap(workOf)),
    );
    this.scale = options.isReal ? new TimeScale(whole) : broken;
    this.path = options.hasPath ? this.findPath() : [];
    this.facts.hasBreaks.value = broken.gaps.length > 0;
    this.facts.path.value = options.hasPath ? this.pathInWords(last - start) : '';
  }

  private findPath(): number[] {
    const { model, spans } = this;
    const ended = model.states.map((state, knot): Span | undefined =>
      state ? [state.scheduledAt, state.finishedAt] : spans[knot],
    );
    const path = criticalPath(model.kinship.parents, ended);
    // A skipped knot has ended nothing.
    return path.slice(0, path.findLastIndex((knot) => model.statusOf(knot) !== 'skipped') + 1);
  }

  private pathInWords(wholeMs: number): string {
    const worked = this.path.flatMap((knot) => this.segments[knot]!.flatMap(workOf));
    const workedMs = worked.reduce((sum, [from, to]) => sum + to - from, 0);
    const ids = this.path.map((knot) => this.model.knots[knot]!.id);
    return pathWords(ids, Math.min(workedMs, wholeMs), wholeMs);
  }

  private build(): void {
    const { host, scroller, pane, tip } = this;
    const { canvas } = this.bars;
    canvas.className = 't-canvas';
    canvas.setAttribute('aria-hidden', 'true');
    tip.hidden = true;
    pane.append(this.breaks.layer, canvas, this.labels.list);
    host.append(this.brush.canvas, scroller, tip);
    scroller.addEventListener('scroll', () => this.request(), { passive: true });
    const observer = new ResizeObserver(() => this.request());
    observer.observe(host);
    const recoloured = onRecoloured(() => {
      this.bars.recolour();
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
    canvas.addEventListener('dblclick', () => this.tell(...this.scale.ends));
    scroller.addEventListener('wheel', this.onWheel, { passive: false });
  }

  private request(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  private draw(): void {
    const { model, bars } = this;
    let isOpen = false;
    if (this.end === undefined) {
      this.now = Date.now();
      this.segments.forEach((those, knot) => {
        if (model.states[knot] || those.length === 0) return;
        for (const segment of those) segment.to = Math.max(segment.from, this.now);
        this.spans[knot] = spanOf(those);
        isOpen = true;
      });
    }
    if (this.changed.size > 0) {
      for (const knot of this.changed) this.measure(knot);
      this.changed.clear();
      this.order();
    } else if (this.end === undefined) this.rescale();
    const { clientHeight: height, scrollTop: top, clientWidth } = this.scroller;
    const width = Math.max(0, clientWidth - LABELS);
    if (height === 0 || width === 0) return;
    this.pane.style.height = `${height}px`;
    const ratio = Math.min(2, devicePixelRatio);
    bars.begin(width, height, ratio, this.scale, this.shown());
    const line = bars.line();
    this.breaks.draw(bars, this.scale.gaps, line, width);
    if (this.end === undefined) bars.now(this.now, line);
    bars.axis(line);
    const first = Math.floor(top / ROW);
    const last = Math.min(this.rows.length - 1, Math.ceil((top + height - SCALE) / ROW));
    const onPath = new Set(this.path);
    bars.rows(() => {
      this.drawPath(top);
      for (let index = first; index <= last; index += 1)
        this.drawRow(this.rows[index]!, SCALE + index * ROW - top, onPath);
    });
    this.labels.show(this.rows, [first, last, top], this.selected, onPath);
    this.brush.draw(width, ratio, bars.palette, this.scale, this.spans, this.window);
    // Growing bars are drawn five times a second: in between, they move by less than a pixel.
    clearTimeout(this.timer);
    if (this.end === undefined && !document.hidden)
      this.timer = setTimeout(() => this.request(), isOpen ? 200 : 1000);
  }

  private drawRow(row: Row, y: number, onPath: ReadonlySet<number>): void {
    const { bars, selected, segments } = this;
    if (row.kind === 'group') {
      const span = spanOf(row.members.flatMap((knot) => segments[knot]!));
      if (span) bars.group(span, y);
      return;
    }
    const isLane = row.kind === 'lane';
    if (!isLane && row.knot === selected) bars.selection(y);
    const line = bars.line();
    this.itemsOf(row).forEach(({ knot, segment }, index, items) => {
      const name = isLane && {
        name: shownText(this.model.knots[knot]!.id),
        next: items[index + 1]?.segment.from ?? Infinity,
      };
      const outline = onPath.has(knot) ? 'accent' : isLane && knot === selected ? 'text' : undefined;
      bars.segment(segment, y, line, { outline, ...name });
    });
  }

  /** The bars of a row. */
  private itemsOf(row: Row): readonly Item[] {
    if (row.kind === 'lane') return row.items;
    if (row.kind === 'group') return [];
    return this.segments[row.knot]!.map((segment) => ({ knot: row.knot, segment }));
  }

  /** Lines between the knots of the critical path: at the end of each, to the row of the next. */
  private drawPath(top: number): void {
    let before: Span | undefined;
    const points: (readonly [time: number, y: number])[] = [];
    for (const knot of this.path) {
      const [row, span] = [this.rowOf.get(knot), this.spans[knot]];
      if (row === undefined || !span) continue;
      const y = SCALE + (row + 0.5) * ROW - top;
      points.push([before ? before[1] : span[0], y], [span[1], y]);
      before = span;
    }
    this.bars.path(points);
  }

  private press(index: number, item?: Item): void {
    const row = this.rows[index];
    if (row?.kind === 'group') this.events.onToggleGroup(row.name);
    else if (row) this.events.onSelect(item?.knot ?? knotsOf(row)[0]!);
  }

  private reveal(index: number): void {
    const { scroller } = this;
    const room = scroller.clientHeight - SCALE;
    if (index * ROW < scroller.scrollTop) scroller.scrollTop = index * ROW;
    else if ((index + 1) * ROW > scroller.scrollTop + room) scroller.scrollTop = (index + 1) * ROW - room;
  }

  private readonly onWheel = (event: WheelEvent): void => {
    const { left } = this.bars.canvas.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey || event.altKey) {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * 0.004), this.bars.timeAt(event.clientX - left));
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
    const [from, to] = this.positions();
    followPress(canvas, event, {
      onDrag: ({ clientX }) => {
        const by = ((event.clientX - clientX) / canvas.clientWidth) * (to - from);
        this.tell(from + by, to + by);
      },
      onClick: (up) => this.press(this.rowAt(up.clientY), this.itemAt(up)),
    });
  };

  private rowAt(clientY: number): number {
    const { top } = this.bars.canvas.getBoundingClientRect();
    return Math.floor((clientY - top - SCALE + this.scroller.scrollTop) / ROW);
  }

  private itemAt({ clientX, clientY }: PointerEvent): Item | undefined {
    const row = this.rows[this.rowAt(clientY)];
    const x = clientX - this.bars.canvas.getBoundingClientRect().left;
    const [from, to] = [this.bars.timeAt(x - 3), this.bars.timeAt(x + 3)];
    return row && this.itemsOf(row).findLast(({ segment }) => to >= segment.from && from <= segment.to);
  }

  private readonly onHover = (event: PointerEvent): void => {
    const { tip } = this;
    const item = this.itemAt(event);
    tip.hidden = !item || event.buttons !== 0;
    if (!item) return;
    tip.textContent = `${shownText(this.model.knots[item.knot]!.id)}\n${segmentWords(item.segment)}`;
    const host = this.host.getBoundingClientRect();
    const x = Math.min(event.clientX - host.left + 14, host.width - 280);
    tip.style.transform = `translate(${x}px, ${event.clientY - host.top + 16}px)`;
  };
}
