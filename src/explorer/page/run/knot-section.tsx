import type { ComponentChildren, JSX } from 'preact';
import { shownText } from '../shown-text';

/** A titled section of a knot's panel. */
export function KnotSection({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <section class="knot-section">
      <header>
        <h3>{shownText(title)}</h3>
        {aside}
      </header>
      {children}
    </section>
  );
}
