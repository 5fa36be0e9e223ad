import type { KnotMarks } from '../../../visualisation/marks';
import { TONES } from '../graph/status';
import { shownText } from '../shown-text';
import { Outcome } from '../ui/outcome';
import { Muted } from '../ui/table';

/** The status of a knot, with its marks. */
export function Marks({ marks: { status, word, notes } }: { marks: KnotMarks }) {
  return (
    <span class="row cut">
      <Outcome tone={TONES[status]} word={shownText(word)} isBare />
      {notes.length > 0 && <Muted>{notes.join(' · ')}</Muted>}
    </span>
  );
}
