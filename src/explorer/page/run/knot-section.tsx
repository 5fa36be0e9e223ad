import type { ComponentChildren } from 'preact';
import { shownText } from '../shown-text';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';

interface KnotAsideProps {
  id: string;
  /** Above the id. */
  before?: ComponentChildren;
  note: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}

/** The panel of a knot: its id, with what is known of it below. */
export function KnotAside({ id, before, note, onClose, children }: KnotAsideProps) {
  return (
    <aside class="knot" aria-label={`Knot ${shownText(id)}`}>
      <header class="knot-head row">
        <div class="grow">
          {before}
          <h2 class="mono break">{shownText(id)}</h2>
          <p class="muted">{note}</p>
        </div>
        <Button kind="quiet" icon="copy" label="Copy the id" onClick={() => copy(id, 'Id')} />
        <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
      </header>
      {children}
    </aside>
  );
}

interface KnotSectionProps {
  title: ComponentChildren;
  aside?: ComponentChildren;
  children: ComponentChildren;
}

/** A titled section of a knot's panel. */
export function KnotSection({ title, aside, children }: KnotSectionProps) {
  return (
    <section class="knot-section">
      <header class="row between">
        <h3>{title}</h3>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Another knot, by its id. */
export function KnotButton({ id, onSelect }: { id: string; onSelect: (id: string) => void }) {
  return (
    <button type="button" class="tag mono cut" title={shownText(id)} onClick={() => onSelect(id)}>
      {shownText(id)}
    </button>
  );
}
