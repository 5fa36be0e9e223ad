import type { Step as WalkStep } from '../../../operations/lineage/walk';
import type { UseOfValue } from '../../../operations/values/uses';
import { useKeys } from '../keys';
import { alter, href, type PageProps } from '../router';
import { KnotLink } from '../run/run-link';
import { shownText } from '../shown-text';
import { useAnswer, useFurther } from '../store';
import { Button, Link } from '../ui/button';
import { HashChip } from '../ui/chip';
import { copy } from '../ui/copy';
import { Outcome } from '../ui/outcome';
import { Answered, PageHead } from '../ui/page';
import { Empty, ErrorBox } from '../ui/states';
import { Muted, Table } from '../ui/table';
import { Tabs } from '../ui/tabs';
import { Time } from '../ui/time';
import { shortHash } from '../words';
import { ValueDiff, ValuePreview } from './value-preview';

const VIEWS = [
  { id: 'uses', title: 'Uses' },
  { id: 'why', title: 'Upstream' },
  { id: 'impact', title: 'Downstream' },
  { id: 'compare', title: 'Compare' },
] as const;

/** A value: its content, every run that made or used it, and its lineage in both directions. */
export function ValuePage({ place }: PageProps<'value'>) {
  const { hash, run } = place;
  const shown = VIEWS.find(({ id }) => id === place.view)?.id ?? 'uses';
  const set = (view: string): void =>
    alter('value', { view: view === 'uses' ? undefined : view }, { replace: true });
  useKeys('Value', [
    { keys: 'y', says: 'Copy the hash', run: () => copy(hash, 'Hash') },
    ...VIEWS.map(({ id, title }, index) => ({ keys: String(index + 1), says: title, run: () => set(id) })),
  ]);
  return (
    <>
      <PageHead
        title={<span class="mono">{shortHash(hash)}</span>}
        note={<code class="break">{shownText(hash)}</code>}
      >
        <Button icon="copy" onClick={() => copy(hash, 'Hash')}>
          Copy the hash
        </Button>
      </PageHead>
      <div class="page-body value-body column">
        <ValuePreview hash={hash} run={run} height={460} />
        <div>
          <Tabs label="About the value" tabs={VIEWS} chosen={shown} onChoose={set}>
            {shown === 'uses' ? (
              <Uses hash={hash} />
            ) : shown === 'compare' ? (
              <Comparison place={place} />
            ) : (
              <Walk hash={hash} direction={shown} run={run} />
            )}
          </Tabs>
        </div>
      </div>
    </>
  );
}

const USES: Readonly<
  Record<UseOfValue['role'], { readonly tone: 'ok' | 'reused' | 'none'; readonly word: string }>
> = {
  produced: { tone: 'ok', word: 'produced' },
  reused: { tone: 'reused', word: 'reused' },
  parameter: { tone: 'none', word: 'parameter' },
  consumed: { tone: 'none', word: 'consumed' },
};

function Uses({ hash }: { hash: string }) {
  const answer = useAnswer('values.uses', { hash });
  const further = useFurther('values.uses', { hash }, answer.value, hash);
  const uses = further.pages.flatMap((page) => page.items);
  return (
    <Answered answer={answer} isQuiet rows={4} height={36}>
      {() =>
        uses.length === 0 ? (
          <Empty icon="value" title="No run on record made or used it" />
        ) : (
          <>
            <Table
              items={uses}
              keyOf={({ runId }, index) => `${index} ${runId}`}
              columns={[
                [
                  'Run',
                  ({ runId: run, tapestry }) => (
                    <>
                      <KnotLink run={run}>{run}</KnotLink> <Muted>{shownText(tapestry)}</Muted>
                    </>
                  ),
                ],
                [
                  'Knot',
                  ({ runId, knotId }) => (
                    <KnotLink run={runId} knot={knotId}>
                      {knotId}
                    </KnotLink>
                  ),
                ],
                ['Role', ({ role }) => <Outcome {...USES[role]} isBare />],
                ['When', ({ at }) => <Time at={at} />],
              ]}
            />
            {further.error && <ErrorBox error={further.error} />}
            {further.cursor !== undefined && <Button onClick={further.more}>More</Button>}
          </>
        )
      }
    </Answered>
  );
}

/** The difference to the value of `with`; without one, the other values of the same knot, newest first. */
function Comparison({ place }: PageProps<'value'>) {
  const { hash, run, with: chosen, withRun } = place;
  const made = useAnswer('lineage.list', { outputHash: hash, limit: 1 });
  const { knotId, definition } = made.value?.items[0] ?? {};
  const others = useAnswer(
    'lineage.list',
    knotId === undefined || chosen !== undefined
      ? undefined
      : { knotId, definition, outcome: 'ok', limit: 200 },
  );
  if (chosen !== undefined)
    return (
      <>
        <p class="row wrap compared">
          From <HashChip hash={chosen} run={withRun} /> to <HashChip hash={hash} run={run} />
          <Link to={{ ...place, with: undefined, withRun: undefined }}>Another value</Link>
        </p>
        <ValueDiff first={{ hash: chosen, run: withRun }} second={{ hash, run }} />
      </>
    );
  if (made.value?.items.length === 0)
    return <Empty icon="value" title="No recorded knot produced this value" />;
  return (
    <Answered answer={others} isQuiet rows={4} height={36}>
      {({ items }) => {
        const hashes = items.map(({ outputHash }) => outputHash);
        const values = items.filter(
          ({ outputHash }, index) => outputHash !== hash && hashes.indexOf(outputHash) === index,
        );
        return values.length === 0 ? (
          <Empty icon="value" title={`All recorded runs of ${shownText(knotId!)} produced this value`} />
        ) : (
          <Table
            items={values}
            keyOf={({ outputHash }) => outputHash!}
            columns={[
              ['Run', ({ runId }) => <KnotLink run={runId}>{runId}</KnotLink>],
              ['When', ({ finishedAt }) => <Time at={finishedAt} />],
              ['Value', ({ outputHash, runId }) => <HashChip hash={outputHash!} run={runId} />],
              [
                'Compare',
                ({ outputHash, runId }) => (
                  <Link to={{ ...place, with: outputHash!, withRun: runId }}>Compare with this</Link>
                ),
              ],
            ]}
          />
        );
      }}
    </Answered>
  );
}

interface WalkProps {
  hash: string;
  direction: 'why' | 'impact';
  run?: string;
}

function Walk({ hash, direction, run }: WalkProps) {
  const ask = { hash, ...(direction === 'why' && run !== undefined && { runId: run }) };
  return (
    <Answered answer={useAnswer(`lineage.${direction}`, ask)} isQuiet rows={5} height={30}>
      {({ items, truncated }) =>
        items.length === 0 ? (
          <Empty
            icon="value"
            title={
              direction === 'why'
                ? 'No recorded knot produced this value'
                : 'No recorded knot used this value'
            }
          />
        ) : (
          <>
            <ol class="walk">
              {items.map((step, index) => (
                <Step key={index} step={step} />
              ))}
            </ol>
            {truncated && <p class="muted">Truncated: only the first steps are shown.</p>}
          </>
        )
      }
    </Answered>
  );
}

function Step({ step }: { step: WalkStep }) {
  const { depth, runId, knotId, definition, outputHash, through, at } = step;
  return (
    <li style={{ paddingLeft: `${12 + Math.min(depth, 24) * 18}px` }}>
      <span class="walk-line row wrap">
        {through !== undefined && <span class="muted">{shownText(through)} ←</span>}
        <KnotLink run={runId} knot={knotId}>
          {knotId}
        </KnotLink>
        {definition !== undefined && definition !== knotId && (
          <span class="muted">{shownText(definition)}</span>
        )}
        {outputHash !== undefined && <HashChip hash={outputHash} run={runId} />}
        <span class="muted walk-run">
          <a href={href({ page: 'run', run: runId })}>{shownText(runId)}</a>, <Time at={at} />
        </span>
      </span>
    </li>
  );
}
