import { signal } from '@preact/signals';

const said = signal('');

/** Announces a text to screen readers without moving the focus. */
export function announce(text: string): void {
  // A repeated text is made different, so that it is announced again.
  said.value = said.peek() === text ? `${text}\u00a0` : text;
}

export function LiveRegion() {
  return (
    <div class="out-of-sight" role="status" aria-live="polite">
      {said.value}
    </div>
  );
}
