import { triggerOfBackfill } from '../../../backfills/names';
import type { RunSummary } from '../../../operations/runs/summary';
import { cellText, groupsOf } from '../partition-cells';
import { href } from '../router';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { RunOutcome, Shape, STATUS_TONES } from '../ui/outcome';
import { Answered } from '../ui/page';
import { Empty } from '../ui/states';
import { countWords } from '../words';
import { RunLink } from './run-link';

const MOST_RUNS = 1_000;
const SHOWN_FIRST = 100;

interface Made {
  readonly key: string;
  readonly run: RunSummary;
}

/** The partitions that a backfill makes: first those that are not ok, then all in a calendar. */
export function BackfillPartitions({ run: backfill }: { run: string }) {
  const answer = useAnswer(
    'runs.list',
    { trigger: triggerOfBackfill(backfill), limit: MOST_RUNS },
    { staleOn: ({ kind, tapestry }) => kind !== 'knot-finished' && (tapestryOf() ?? tapestry) === tapestry },
  );
  const failed = useAnswer(
    'runs.list',
    { trigger: triggerOfBackfill(backfill), status: 'failed', limit: SHOWN_FIRST },
    { staleOn: ({ kind, tapestry }) => kind === 'run-ended' && (tapestryOf() ?? tapestry) === tapestry },
  );
  const tapestryOf = (): string | undefined => answer.value?.items[0]?.tapestry;
  return (
    <Answered answer={answer} rows={6} height={48}>
      {({ items, cursor }) => {
        const made = madeBy(items);
        // Some partitions that failed may be older than all that are shown.
        const ofOlder = failed.value?.items.filter(({ runId }) => !items.some((run) => run.runId === runId));
        const bad = madeBy([...items, ...(ofOlder ?? [])]).filter(
          ({ run: { status } }) => status !== 'succeeded' && status !== 'running',
        );
        const isCut = cursor !== undefined;
        if (made.length === 0) return <Empty icon="partitions" title="It has started no run yet" />;
        return (
          <div class="backfill grow">
            {bad.length > 0 && (
              <section>
                <h2>
                  {isCut && 'At least '}
                  {countWords(bad.length, 'partition')} failed or cancelled
                </h2>
                <ul class="column">
                  {bad.slice(0, SHOWN_FIRST).map(({ key, run }) => (
                    <li key={run.runId} class="row wrap">
                      <strong class="number">{shownText(key)}</strong>
                      <RunOutcome status={run.status} />
                      <RunLink run={run.runId} />
                    </li>
                  ))}
                </ul>
                {bad.length > SHOWN_FIRST && <p class="muted">The others are marked below.</p>}
              </section>
            )}
            {isCut && <p class="muted">The newest {countWords(MOST_RUNS)} runs of the backfill:</p>}
            <div class="partition-groups column">
              {groupsOf(made).map(({ title, partitions }, index) => (
                <section key={title ?? index} aria-label={title ?? 'Partitions'}>
                  {title !== undefined && <h2 class="number">{title}</h2>}
                  <div class={`partition-cells${title === undefined ? ' named' : ''}`}>
                    {partitions.map((one) => (
                      <Cell key={one.run.runId} made={one} isNamed={title === undefined} />
                    ))}
                  </div>
                </section>
              ))}
            </div>
          </div>
        );
      }}
    </Answered>
  );
}

function madeBy(runs: readonly RunSummary[]): Made[] {
  return runs
    .flatMap((run): Made[] => (run.partition === undefined ? [] : [{ key: run.partition, run }]))
    .sort((one, other) => (one.key < other.key ? -1 : 1));
}

function Cell({ made: { key, run }, isNamed }: { made: Made; isNamed: boolean }) {
  const tone = STATUS_TONES[run.status];
  const words = `${shownText(key)}, ${run.status}`;
  return (
    <a
      class={`partition inline tone-${tone}`}
      href={href({ page: 'run', run: run.runId })}
      aria-label={words}
      title={words}
    >
      <Shape tone={tone} size={9} />
      <span>{isNamed ? shownText(key) : cellText(key)}</span>
    </a>
  );
}
