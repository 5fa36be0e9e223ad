import { useState } from 'preact/hooks';
import type { StreamView } from '../../../operations/streams/list';
import type { ShownStream } from '../../../operations/streams/show';
import { useAct } from '../acting';
import { mayAct } from '../app';
import { PageHead } from '../frame';
import { useKeys } from '../keys';
import type { PageProps } from '../pages';
import { alter, href } from '../router';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Table, type TableRow } from '../ui/table';
import { Time } from '../ui/time';
import { countWords, sizeWords } from '../words';
import { DrainDialog } from './act-dialogs';

const TONES = {
  reading: 'running',
  waiting: 'waiting',
  paused: 'waiting',
  draining: 'running',
  ended: 'ok',
  failed: 'err',
} as const satisfies Record<StreamView['state'], string>;

/** Streams, which start a run for each element of a source: how fast, how far, and what failed. */
export function StreamsPage({ place }: PageProps<'streams'>) {
  const answer = useAnswer('streams.list', {}, { everyMs: 2_000 });
  const streams = answer.value?.items;
  const doing = useAct({ asToast: true });
  const [draining, setDraining] = useState<string>();
  const at = streams?.findIndex(({ id }) => id === place.stream) ?? -1;
  const chosen = streams?.[at];
  const choose = (index: number): void => {
    const id = streams?.[Math.max(0, Math.min(streams.length - 1, index))]?.id;
    if (id !== undefined) alter('streams', { stream: id }, { replace: true });
  };
  const doFlip = ({ id, state }: StreamView): void => {
    const action = flipOf(state);
    if (action)
      void doing.act(
        `streams.${action}`,
        { stream: id },
        action === 'pause' ? `${id} is told to pause` : `${id} is told to go on`,
      );
  };
  useKeys('Streams', [
    { keys: ['j', 'ArrowDown'], says: 'Next', run: () => choose(at + 1) },
    { keys: ['k', 'ArrowUp'], says: 'Previous', run: () => choose(at - 1) },
    { keys: 'Escape', says: 'Close the details', run: () => alter('streams', { stream: undefined }) },
    ...(chosen && mayAct()
      ? [
          { keys: 'p', says: 'Pause or resume it', run: () => doFlip(chosen) },
          { keys: 'd', says: 'Drain it', run: () => canDrain(chosen.state) && setDraining(chosen.id) },
        ]
      : []),
  ]);
  return (
    <>
      <PageHead title="Streams" />
      <div class="page-body">
        {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
        {!streams ? (
          !answer.error && <Skeleton rows={4} height={42} />
        ) : streams.length === 0 ? (
          <Empty icon="streams" title="No streams">
            Export a <code>stream(…)</code> from your file, then run <code>selvage stream FILE</code>.
          </Empty>
        ) : (
          <Table
            heads={[
              'Stream',
              'State',
              ['number', 'Rate'],
              ['number', 'Lag'],
              ['number', 'In flight'],
              ['number', 'Finished'],
              ['number', 'Failed'],
              'Reader',
              mayAct() && ['acts', 'Actions'],
            ]}
            rows={streams.map((stream) =>
              rowOf(stream, {
                isChosen: stream === chosen,
                isBusy: doing.isBusy,
                onFlip: () => doFlip(stream),
                onDrain: () => setDraining(stream.id),
              }),
            )}
            chosen={chosen?.id}
          />
        )}
        {place.stream !== undefined && <Details key={place.stream} stream={place.stream} />}
      </div>
      {draining !== undefined && <DrainDialog stream={draining} onClose={() => setDraining(undefined)} />}
    </>
  );
}

function flipOf(state: StreamView['state']): 'pause' | 'resume' | undefined {
  if (state === 'paused') return 'resume';
  return state === 'reading' || state === 'waiting' ? 'pause' : undefined;
}

function canDrain(state: StreamView['state']): boolean {
  return flipOf(state) !== undefined;
}

interface RowOptions {
  readonly isChosen: boolean;
  readonly isBusy: boolean;
  readonly onFlip: () => void;
  readonly onDrain: () => void;
}

function rowOf(stream: StreamView, { isChosen, isBusy, onFlip, onDrain }: RowOptions): TableRow {
  const { id, tapestry, source, trigger, state, rate, lag, inFlight, window, ok, failed, gaps, readBy } =
    stream;
  const flip = flipOf(state);
  const why = stream.error ?? stream.problem;
  return [
    id,
    <>
      <button
        type="button"
        class="link break"
        aria-expanded={isChosen}
        onClick={() => alter('streams', { stream: isChosen ? undefined : id })}
      >
        {id}
      </button>
      <p class="muted">
        {tapestry === '' ? (
          'not started'
        ) : (
          <>
            {source} to{' '}
            <a class="link" href={href({ page: 'tapestry', tapestry })}>
              {tapestry}
            </a>
          </>
        )}{' '}
        ·{' '}
        <a class="link" href={href({ page: 'runs', trigger })}>
          runs
        </a>
      </p>
    </>,
    <>
      <Outcome tone={TONES[state]} word={state === 'waiting' ? 'no reader' : state} isBare />
      {why !== undefined && <p class="muted break">{why}</p>}
      {gaps && <p class="break">elements are lost: {countWords(gaps.total, 'gap')}</p>}
    </>,
    rate === undefined ? <None /> : `${countWords(Math.round(rate * 10) / 10)}/s`,
    lag === undefined ? <None /> : lag.unit === 'bytes' ? sizeWords(lag.amount) : countWords(lag.amount),
    inFlight === undefined || window === undefined ? (
      <None />
    ) : (
      <>
        {countWords(inFlight)} <span class="muted">of {countWords(window)}</span>
      </>
    ),
    countWords(ok),
    failed === 0 ? <span class="muted">0</span> : countWords(failed),
    readBy === undefined ? <span class="muted">none</span> : <code class="break">{readBy}</code>,
    <>
      {flip && (
        <Button icon={flip === 'pause' ? 'pause' : 'play'} isBusy={isBusy} onClick={onFlip}>
          {flip === 'pause' ? 'Pause' : 'Resume'}
        </Button>
      )}
      {canDrain(state) && (
        <Button icon="stop" onClick={onDrain}>
          Drain
        </Button>
      )}
    </>,
  ];
}

function None() {
  return <span class="muted">–</span>;
}

/** The checkpoint of a stream, and its newest elements that failed. */
function Details({ stream }: { stream: string }) {
  const answer = useAnswer('streams.show', { stream }, { everyMs: 2_000 });
  const { value } = answer;
  return (
    <>
      {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
      <section class="below" aria-label={`Checkpoint of ${stream}`}>
        <h2>Checkpoint of {stream}</h2>
        {value ? <Checkpoint {...value} /> : !answer.error && <Skeleton rows={2} height={42} />}
      </section>
      {value?.gaps && (
        <section class="below" aria-label={`Gaps of ${stream}`}>
          <h2>Gaps of {stream}</h2>
          <Gaps {...value.gaps} />
        </section>
      )}
      <section class="below" aria-label={`Dead letters of ${stream}`}>
        <h2>Dead letters of {stream}</h2>
        {value ? <Letters {...value} /> : !answer.error && <Skeleton rows={3} height={42} />}
      </section>
    </>
  );
}

function Checkpoint({ partitions: { items, total } }: ShownStream) {
  if (items.length === 0) return <p class="muted">Nothing is finished yet.</p>;
  return (
    <>
      <Table
        heads={[['break', 'Partition'], 'Checkpoint', ['number', 'Ahead']]}
        rows={items.map(({ partition, checkpoint, ahead }) => [
          partition,
          partition === '' ? <None /> : partition,
          checkpoint === undefined ? (
            <span class="muted">nothing yet</span>
          ) : (
            <code class="break">{checkpoint}</code>
          ),
          countWords(ahead),
        ])}
      />
      {total > items.length && <p class="muted">and {countWords(total - items.length, 'partition')} more</p>}
    </>
  );
}

function Gaps({ total, items }: NonNullable<ShownStream['gaps']>) {
  return (
    <>
      <Table
        heads={[['muted', 'Noticed'], 'Lost', ['break', 'After'], ['break', 'Before'], ['break', 'Why']]}
        rows={items.map(({ after, before, lost, reason, at }) => [
          `${at} ${after} ${reason}`,
          <Time at={at} />,
          lost ? `${countWords(lost.amount)} ${lost.unit}` : <span class="muted">unknown</span>,
          after ?? <None />,
          before ?? <None />,
          reason,
        ])}
      />
      {total > items.length && <p class="muted">and {countWords(total - items.length)} earlier</p>}
    </>
  );
}

function Letters({ deadLetters: { items } }: ShownStream) {
  if (items.length === 0) return <p class="muted">None.</p>;
  return (
    <Table
      heads={[['muted', 'When'], 'Element', 'Run', ['break', 'Why']]}
      rows={items.map(({ element, runId, reason, at }) => [
        `${element} ${runId}`,
        <Time at={at} />,
        <code class="break">{element}</code>,
        runId === undefined ? (
          <span class="muted">no run</span>
        ) : (
          <a class="link break" href={href({ page: 'run', run: runId })}>
            {runId}
          </a>
        ),
        reason ?? <None />,
      ])}
    />
  );
}
