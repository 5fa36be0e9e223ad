import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { shownText } from '../shown-text';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';
import { countWords } from '../words';

interface KnotAsideProps {
  id: string;
  before?: ComponentChildren;
  note: ComponentChildren;
  onClose: () => void;
  children: ComponentChildren;
}

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

export function KnotButton({ id, onSelect }: { id: string; onSelect: (id: string) => void }) {
  return (
    <button type="button" class="tag mono cut" title={shownText(id)} onClick={() => onSelect(id)}>
      {shownText(id)}
    </button>
  );
}

export function Knots({ ids, onSelect }: { ids: readonly string[]; onSelect: (id: string) => void }) {
  const [isAll, setAll] = useState(false);
  const most = 8;
  return (
    <span class="row wrap">
      {ids.slice(0, isAll ? 500 : most).map((id) => (
        <KnotButton key={id} id={id} onSelect={onSelect} />
      ))}
      {!isAll && ids.length > most && (
        <button type="button" class="tag" onClick={() => setAll(true)}>
          {countWords(ids.length - most)} more
        </button>
      )}
    </span>
  );
}
