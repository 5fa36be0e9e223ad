/** Distance, in pixels, from which a press that moves is a drag, not a click. */
const CLICK_PIXELS = 4;

/** Follows a pointer pressed on an element until it is released, and tells drags from clicks. */
export function followPress(
  element: HTMLElement,
  pressed: PointerEvent,
  events: {
    onDrag(moved: PointerEvent): void;
    onClick?(released: PointerEvent): void;
    onEnd?(): void;
  },
): void {
  let isDrag = false;
  element.setPointerCapture(pressed.pointerId);
  const onMove = (moved: PointerEvent): void => {
    const distance = Math.hypot(moved.clientX - pressed.clientX, moved.clientY - pressed.clientY);
    if (!isDrag && distance < CLICK_PIXELS) return;
    isDrag = true;
    events.onDrag(moved);
  };
  const onUp = (up: PointerEvent): void => {
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
    events.onEnd?.();
    if (!isDrag && up.type === 'pointerup') events.onClick?.(up);
  };
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
}
