import { formatBytes } from '../../../visualisation/words';
import { useState } from 'preact/hooks';
import type { StreamView } from '../../../operations/streams/list';
import { useAct } from '../acting';
import { mayAct } from '../app';
import { useKeys } from '../keys';
import { alter, type PageProps } from '../router';
import { useAnswer } from '../store';
import { Button, Link } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { Answered, Below, DeadLetters, ListPage } from '../ui/page';
import { Empty } from '../ui/states';
import { Code, countCell, Fold, Muted, none, Table } from '../ui/table';
import { Time } from '../ui/time';
import { countWords } from '../words';
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
    const done = action === 'pause' ? `${id} is told to pause` : `${id} is told to go on`;
    if (action) void doing.act(`streams.${action}`, { stream: id }, done);
  };
  useKeys('Streams', [
    { keys: ['j', 'ArrowDown'], says: 'Next', run: () => choose(at + 1) },
    { keys: ['k', 'ArrowUp'], says: 'Previous', run: () => choose(at - 1) },
    { keys: 'Escape', says: 'Close the details', run: () => alter('streams', { stream: undefined }) },
    ...(chosen && mayAct()
      ? [
          { keys: 'p', says: 'Pause or resume it', run: () => doFlip(chosen) },
          { keys: 'd', says: 'Drain it', run: () => flipOf(chosen.state) && setDraining(chosen.id) },
        ]
      : []),
  ]);
  return (
    <>
      <ListPage
        title="Streams"
        answer={answer}
        empty={
          <Empty icon="streams" title="No streams">
            Export a <code>stream(…)</code> from your file, then run <code>selvage stream FILE</code>.
          </Empty>
        }
        keyOf={({ id }) => id}
        chosen={chosen?.id}
        columns={[
          ['Stream', (stream) => <Name stream={stream} isChosen={stream === chosen} />],
          ['State', (stream) => <State {...stream} />],
          [
            'Rate',
            ({ rate }) => (rate === undefined ? none : `${countWords(Math.round(rate * 10) / 10)}/s`),
            'number',
          ],
          [
            'Lag',
            ({ lag }) =>
              lag ? (lag.unit === 'bytes' ? formatBytes(lag.amount) : countWords(lag.amount)) : none,
            'number',
          ],
          [
            'In flight',
            ({ inFlight, window }) =>
              inFlight === undefined || window === undefined ? (
                none
              ) : (
                <>
                  {countWords(inFlight)} <Muted>of {countWords(window)}</Muted>
                </>
              ),
            'number',
          ],
          ['Finished', ({ ok }) => countWords(ok), 'number'],
          ['Failed', ({ failed }) => countCell(failed), 'number'],
          ['Reader', ({ readBy }) => <Code>{readBy}</Code>],
        ]}
        acts={(stream) =>
          flipOf(stream.state) && (
            <>
              <Button
                icon={stream.state === 'paused' ? 'play' : 'pause'}
                isBusy={doing.isBusy}
                onClick={() => doFlip(stream)}
              >
                {stream.state === 'paused' ? 'Resume' : 'Pause'}
              </Button>
              <Button icon="stop" onClick={() => setDraining(stream.id)}>
                Drain
              </Button>
            </>
          )
        }
      >
        {place.stream !== undefined && <Details key={place.stream} stream={place.stream} />}
      </ListPage>
      {draining !== undefined && <DrainDialog stream={draining} onClose={() => setDraining(undefined)} />}
    </>
  );
}

/** The act of a stream's button; a stream with such an act can also be drained. */
function flipOf(state: StreamView['state']): 'pause' | 'resume' | undefined {
  if (state === 'paused') return 'resume';
  return state === 'reading' || state === 'waiting' ? 'pause' : undefined;
}

function Name({ stream, isChosen }: { stream: StreamView; isChosen: boolean }) {
  const { id, tapestry, source, trigger } = stream;
  return (
    <>
      <Fold isOpen={isChosen} onFlip={() => alter('streams', { stream: isChosen ? undefined : id })}>
        {id}
      </Fold>
      <p class="muted">
        {tapestry === '' ? (
          'not started'
        ) : (
          <>
            {source} to <Link to={{ page: 'tapestry', tapestry }}>{tapestry}</Link>
          </>
        )}{' '}
        · <Link to={{ page: 'runs', trigger }}>runs</Link>
      </p>
    </>
  );
}

function State({ state, error, problem, gaps }: StreamView) {
  const why = error ?? problem;
  return (
    <>
      <Outcome tone={TONES[state]} word={state === 'waiting' ? 'no reader' : state} isBare />
      {why !== undefined && <p class="muted break">{why}</p>}
      {gaps && <p class="break">elements are lost: {countWords(gaps.total, 'gap')}</p>}
    </>
  );
}

/** The checkpoint of a stream, what its source has lost, and its newest elements that failed. */
function Details({ stream }: { stream: string }) {
  const answer = useAnswer('streams.show', { stream }, { everyMs: 2_000 });
  return (
    <Answered answer={answer} rows={3}>
      {({ partitions, gaps, deadLetters }) => (
        <>
          <Below title={`Checkpoint of ${stream}`}>
            {partitions.items.length === 0 ? (
              <p class="muted">Nothing is finished yet.</p>
            ) : (
              <Table
                items={partitions.items}
                keyOf={({ partition }) => partition}
                columns={[
                  ['Partition', ({ partition }) => (partition === '' ? none : partition), 'break'],
                  [
                    'Checkpoint',
                    ({ checkpoint }) =>
                      checkpoint === undefined ? <Muted>nothing yet</Muted> : <Code>{checkpoint}</Code>,
                  ],
                  ['Ahead', ({ ahead }) => countWords(ahead), 'number'],
                ]}
              />
            )}
            <More {...partitions} noun="partition" words="more" />
          </Below>
          {gaps && (
            <Below title={`Gaps of ${stream}`}>
              <Table
                items={gaps.items}
                keyOf={({ at, after, reason }) => `${at} ${after} ${reason}`}
                columns={[
                  ['Noticed', ({ at }) => <Time at={at} />, 'muted'],
                  [
                    'Lost',
                    ({ lost }) => (lost ? `${countWords(lost.amount)} ${lost.unit}` : <Muted>unknown</Muted>),
                  ],
                  ['After', ({ after }) => after ?? none, 'break'],
                  ['Before', ({ before }) => before ?? none, 'break'],
                  ['Why', ({ reason }) => reason, 'break'],
                ]}
              />
              <More {...gaps} words="earlier" />
            </Below>
          )}
          <DeadLetters
            title={`Dead letters of ${stream}`}
            answer={{ ...answer, error: undefined, value: deadLetters.items }}
            keyOf={({ element, runId }) => `${element} ${runId}`}
            columns={[
              ['When', ({ at }) => <Time at={at} />, 'muted'],
              ['Element', ({ element }) => <Code>{element}</Code>],
              [
                'Run',
                ({ runId }) =>
                  runId === undefined ? (
                    <Muted>no run</Muted>
                  ) : (
                    <Link to={{ page: 'run', run: runId }}>{runId}</Link>
                  ),
              ],
              ['Why', ({ reason }) => reason ?? none, 'break'],
            ]}
          />
        </>
      )}
    </Answered>
  );
}

function More(props: { items: readonly unknown[]; total: number; noun?: string; words: string }) {
  const rest = props.total - props.items.length;
  return rest <= 0 ? null : (
    <p class="muted">
      and {countWords(rest, props.noun)} {props.words}
    </p>
  );
}
