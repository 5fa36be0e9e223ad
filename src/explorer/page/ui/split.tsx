import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { store, stored } from './storage';

const INITIAL = 420;
const LEAST = 280;

/** Two panes with a bar between them that can be dragged, or moved by the arrow keys. */
export function Split(props: {
  first: ComponentChildren;
  second: ComponentChildren;
  label: string;
  /** The key under which the width is remembered. */
  name: string;
}) {
  const { first, second, label, name } = props;
  const key = `selvage-split-${name}`;
  const [width, setWidth] = useState(() => Number(stored(key)) || INITIAL);
  const box = useRef<HTMLDivElement>(null);
  const move = (to: number): void => {
    const whole = box.current?.clientWidth ?? 1200;
    const next = Math.round(Math.max(LEAST, Math.min(to, whole - LEAST)));
    setWidth(next);
    store(key, String(next));
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
