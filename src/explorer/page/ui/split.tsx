import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';

/** Width of the second pane, in pixels. */
const INITIAL = 420;
const LEAST = 280;

/** Two panes with a bar between them that can be dragged, or moved by the arrow keys. */
export function Split({
  first,
  second,
  label,
  name,
}: {
  first: ComponentChildren;
  second: ComponentChildren;
  label: string;
  /** The key under which the width is remembered. */ name: string;
}) {
  const key = `selvage-split-${name}`;
  const [width, setWidth] = useState(() => {
    try {
      return Number(localStorage.getItem(key)) || INITIAL;
    } catch {
      return INITIAL;
    }
  });
  const box = useRef<HTMLDivElement>(null);
  const move = (to: number): void => {
    const whole = box.current?.clientWidth ?? 1200;
    const next = Math.round(Math.max(LEAST, Math.min(to, whole - LEAST)));
    setWidth(next);
    try {
      localStorage.setItem(key, String(next));
    } catch {
      // Without storage, the width holds for this visit.
    }
  };
  const onPointerDown = (event: PointerEvent): void => {
    const bar = event.currentTarget as HTMLElement;
    bar.setPointerCapture(event.pointerId);
    const right = box.current!.getBoundingClientRect().right;
    const onMove = (moved: PointerEvent): void => move(right - moved.clientX);
    bar.addEventListener('pointermove', onMove);
    bar.addEventListener('lostpointercapture', () => bar.removeEventListener('pointermove', onMove), {
      once: true,
    });
  };
  return (
    <div class="split grow" ref={box}>
      <div class="split-first column grow">{first}</div>
      <div
        class="split-bar"
        role="separator"
        aria-orientation="vertical"
        aria-label={label}
        aria-valuenow={width}
        aria-valuemin={LEAST}
        aria-valuemax={2000}
        tabIndex={0}
        onPointerDown={onPointerDown}
        onKeyDown={(event) => {
          const step = event.key === 'ArrowLeft' ? 24 : event.key === 'ArrowRight' ? -24 : 0;
          if (step === 0) return;
          event.preventDefault();
          event.stopPropagation();
          move(width + step);
        }}
      />
      <div class="split-second" style={{ width: `${width}px` }}>
        {second}
      </div>
    </div>
  );
}
