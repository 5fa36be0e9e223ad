import { useMemo } from 'preact/hooks';
import { BACKFILL } from '../../../backfills/names';
import type { RunView } from '../../../operations/runs/show';
import { shellLine } from '../../../values/shell-line';
import {
  attemptWords,
  canDebug,
  causesOf,
  debugWords,
  failuresOf,
  type FailureCause,
} from '../../../visualisation/failures';
import { about } from '../app';
import { href } from '../router';
import { shownText } from '../shown-text';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';
import { Icon } from '../ui/icons';
import { Muted } from '../ui/table';
import { countWords } from '../words';
import { KnotButton, Knots } from './knot-section';
import { PlaceLink } from './place-link';

const SHOWN_CAUSES = 50;
const SHOWN_LINES = 3;

type Select = (knot: string) => void;

export const hasReason = ({ run, graph }: RunView): boolean =>
  run.error !== undefined || graph.knots.some(({ state }) => state?.error !== undefined);

/** Why the run did not succeed, by causes, and what to do next. */
export function FailureBanner(props: { view: RunView; onSelect: Select; onResume?: () => void }) {
  const { view, onSelect, onResume } = props;
  const { run, lastGoodRunId } = view;
  const causes = useMemo(() => causesOf(failuresOf(view.graph.knots)), [view]);
  const [first, ...others] = causes;
  // A backfill has no body of a user, and no earlier one has the same partitions.
  const isOwn = run.tapestry !== BACKFILL;
  const canCompare = isOwn && lastGoodRunId !== undefined && about.value.abilities.pages.includes('compare');
  return (
    <section class="rp-banner rp-failure column" role="status" aria-label="Why it did not succeed">
      {run.error && (
        <p class="message">
          <Icon name="warning" /> <ErrorText error={run.error} />
        </p>
      )}
      {first && <Cause cause={first} verb="failed first" onSelect={onSelect} />}
      {others.length > 0 && (
        <details>
          <summary>{countWords(others.length, 'other cause')}</summary>
          {others.slice(0, SHOWN_CAUSES).map((cause) => (
            <Cause key={cause.knotId} cause={cause} verb="failed" onSelect={onSelect} />
          ))}
        </details>
      )}
      <div class="row wrap">
        {onResume && (
          <Button kind="primary" icon="again" onClick={onResume}>
            Resume
          </Button>
        )}
        {canCompare && (
          <Button icon="compare" href={href({ page: 'compare', first: lastGoodRunId, second: run.runId })}>
            Compare with the last good run
          </Button>
        )}
        {isOwn && first && canDebug(first) && (
          <Button
            icon="copy"
            onClick={() =>
              copy(`npx selvage ${shellLine(debugWords(run.runId, 'FILE', first.knotId))}`, 'Command')
            }
          >
            Copy the selvage debug command
          </Button>
        )}
      </div>
    </section>
  );
}

function Cause({ cause, verb, onSelect }: { cause: FailureCause; verb: string; onSelect: Select }) {
  const { knotId, error, knots } = cause;
  const attempt = attemptWords(cause);
  return (
    <div class="rp-cause">
      <p class="row wrap">
        <Icon name="warning" />
        <KnotButton id={knotId} onSelect={onSelect} /> {verb}
        {attempt !== '' && <Muted>{attempt}</Muted>}
        {error.at !== undefined && <PlaceLink at={error.at} />}
      </p>
      <p class="message">
        <ErrorText error={error} />
      </p>
      {knots.length > 1 && (
        <details>
          <summary>{countWords(knots.length, 'knot')}</summary>
          <Knots ids={knots} onSelect={onSelect} />
        </details>
      )}
    </div>
  );
}

function ErrorText({ error: { type, message } }: Pick<FailureCause, 'error'>) {
  const lines = message.split('\n');
  return (
    <>
      <code class="tone-err">{shownText(type)}</code> {shownText(lines.slice(0, SHOWN_LINES).join('\n'))}
      {lines.length > SHOWN_LINES && ' …'}
    </>
  );
}
