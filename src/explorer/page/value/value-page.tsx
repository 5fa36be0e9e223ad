import type { JSX } from 'preact';
import type { Step as WalkStep } from '../../../operations/lineage/walk';
import type { UseOfValue } from '../../../operations/values/uses';
import { PageHead } from '../frame';
import { useKeys } from '../keys';
import type { PageProps } from '../pages';
import { alter, href } from '../router';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { HashChip } from '../ui/chip';
import { copy } from '../ui/copy';
import { Outcome } from '../ui/outcome';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Table } from '../ui/table';
import { Tabs } from '../ui/tabs';
import { Time } from '../ui/time';
import { useFurther } from '../use-further';
import { shortHash } from '../words';
import { ValuePreview } from './value-preview';

const VIEWS = [
  { id: 'uses', title: 'Uses' },
  { id: 'why', title: 'Upstream' },
  { id: 'impact', title: 'Downstream' },
] as const;

/** A value: its content, every run that made or used it, and its lineage in both directions. */
export function ValuePage({ place }: PageProps<'value'>): JSX.Element {
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
        note={<code class="value-hash">{shownText(hash)}</code>}
      >
        <Button icon="copy" onClick={() => copy(hash, 'Hash')}>
          Copy the hash
        </Button>
      </PageHead>
      <div class="page-body value-body">
        <ValuePreview hash={hash} {...(run !== undefined && { run })} height={460} />
        <div class="value-tabs">
          <Tabs label="About the value" tabs={VIEWS} chosen={shown} onChoose={set}>
            {shown === 'uses' ? (
              <Uses hash={hash} />
            ) : (
              <Walk hash={hash} direction={shown} {...(run !== undefined && { run })} />
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
  produced: { tone: 'ok', word: 'made it' },
  reused: { tone: 'reused', word: 'reused it' },
  parameter: { tone: 'none', word: 'given it' },
  consumed: { tone: 'none', word: 'used it' },
};

function Uses({ hash }: { hash: string }): JSX.Element {
  const { value, error, reload } = useAnswer('values.uses', { hash });
  const further = useFurther('values.uses', { hash }, value, hash);
  if (error && !value) return <ErrorBox error={error} onRetry={reload} />;
  if (!value) return <Skeleton rows={4} height={36} />;
  const uses = further.pages.flatMap((page) => page.items);
  if (uses.length === 0) return <Empty icon="value" title="No run on record made or used it" />;
  return (
    <>
      <Table
        heads={['Run', 'Knot', 'Role', 'When']}
        rows={uses.map(({ runId, tapestry, knotId, role, at }, index) => [
          `${index} ${runId}`,
          <>
            <a class="plain mono" href={href({ page: 'run', run: runId })}>
              {shownText(runId)}
            </a>{' '}
            <span class="muted">{shownText(tapestry)}</span>
          </>,
          <a class="plain mono" href={href({ page: 'run', run: runId, knot: knotId })}>
            {shownText(knotId)}
          </a>,
          <Outcome {...USES[role]} isBare />,
          <Time at={at} />,
        ])}
      />
      {further.error && <ErrorBox error={further.error} />}
      {further.cursor !== undefined && <Button onClick={further.more}>More</Button>}
    </>
  );
}

function Walk({
  hash,
  direction,
  run,
}: {
  hash: string;
  direction: 'why' | 'impact';
  run?: string;
}): JSX.Element {
  const { value, error, reload } = useAnswer(`lineage.${direction}`, {
    hash,
    ...(direction === 'why' && run !== undefined && { runId: run }),
  });
  if (error && !value) return <ErrorBox error={error} onRetry={reload} />;
  if (!value) return <Skeleton rows={5} height={30} />;
  if (value.items.length === 0)
    return (
      <Empty
        icon="value"
        title={direction === 'why' ? 'Nothing on record made it' : 'Nothing on record was made of it'}
      />
    );
  return (
    <>
      <ol class="walk">
        {value.items.map((step, index) => (
          <Step key={index} step={step} />
        ))}
      </ol>
      {value.truncated && <p class="muted">Truncated: only the first steps are shown.</p>}
    </>
  );
}

function Step({ step }: { step: WalkStep }): JSX.Element {
  const { depth, runId, knotId, definition, outputHash, through, at } = step;
  return (
    <li style={{ paddingLeft: `${12 + Math.min(depth, 24) * 18}px` }}>
      <span class="walk-line">
        {through !== undefined && <span class="muted">{shownText(through)} ←</span>}
        <a class="plain mono" href={href({ page: 'run', run: runId, knot: knotId })}>
          {shownText(knotId)}
        </a>
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
