import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { BackfillState } from '../../../backfills';
import { useAct } from '../acting';
import { mayAct } from '../app';
import { useKeys } from '../keys';
import { cellText, groupsOf, PARTITION_TONES, type Partition } from '../partition-cells';
import { alter, go, href, type PageProps } from '../router';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { Tag } from '../ui/chip';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { Link } from '../ui/link';
import { Outcome, Shape } from '../ui/outcome';
import { PageHead } from '../ui/page';
import { Answered, Empty, ErrorBox } from '../ui/states';
import { toast } from '../ui/toast';
import { countWords } from '../words';

/** The partitions of a tapestry as cells, with a way to make the missing ones. */
export function PartitionsPage({ place }: PageProps<'partitions'>) {
  const { tapestry } = place;
  return (
    <>
      <PageHead
        title={`Partitions of ${tapestry}`}
        note={<Link to={{ page: 'tapestry', tapestry }}>{tapestry}</Link>}
      />
      <div class="page-body">
        <Partitions
          tapestry={tapestry}
          state={place.state}
          chosen={place.key}
          onChange={(values) => alter('partitions', values, { replace: true })}
        />
      </div>
    </>
  );
}

export function Partitions(props: {
  tapestry: string;
  state: string | undefined;
  chosen: string | undefined;
  onChange: (values: { state?: string; key?: string }) => void;
}) {
  const { tapestry, state, chosen, onChange } = props;
  const answer = useAnswer(
    'partitions.list',
    { tapestry },
    { staleOn: (event) => event.tapestry === tapestry && event.kind !== 'knot-finished' },
  );
  const [isFilling, setFilling] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const all = answer.value?.items ?? [];
  const counts = Object.entries(answer.value?.counts ?? {}).filter(([, count]) => count > 0);
  const shown = useMemo(
    () => (state === undefined ? all : all.filter((one) => one.state === state)),
    [all, state],
  );
  const groups = useMemo(() => groupsOf(shown), [shown]);
  const at = shown.findIndex(({ key }) => key === chosen);
  const one = shown[at];
  const walk = (step: number): void => {
    const next = shown[Math.max(0, Math.min(shown.length - 1, (at < 0 ? shown.length - 1 : at) + step))];
    if (next) onChange({ key: next.key });
  };
  useEffect(() => {
    if (chosen !== undefined)
      box.current?.querySelector('[aria-pressed="true"].partition')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  useKeys('Partitions', [
    { keys: ['ArrowRight', 'j'], says: 'Next partition', run: () => walk(1) },
    { keys: ['ArrowLeft', 'k'], says: 'Previous partition', run: () => walk(-1) },
    {
      keys: 'Enter',
      says: 'Open its newest run',
      run: () => one?.latestRun && go({ page: 'run', run: one.latestRun.runId }),
    },
    { keys: 'b', says: 'Backfill', run: () => setFilling(true), when: () => mayAct() && all.length > 0 },
  ]);
  return (
    <Answered answer={answer} rows={6} height={48}>
      {() =>
        all.length === 0 ? (
          <Empty icon="partitions" title="No partitions">
            The domain of {tapestry} has none yet, or the tapestry is not partitioned.
          </Empty>
        ) : (
          <div ref={box}>
            <div class="row wrap between">
              <div class="partition-counts row wrap" role="group" aria-label="Show only">
                {counts.map(([name, count]) => (
                  <Button
                    key={name}
                    kind="quiet"
                    isPressed={state === name}
                    onClick={() => onChange({ state: state === name ? undefined : name })}
                  >
                    <span class={`tone-${PARTITION_TONES[name] ?? 'none'} row number`}>
                      <Shape tone={PARTITION_TONES[name] ?? 'none'} />
                      {countWords(count)} {name}
                    </span>
                  </Button>
                ))}
              </div>
              {mayAct() && (
                <Button kind="primary" icon="play" onClick={() => setFilling(true)}>
                  Backfill
                </Button>
              )}
            </div>
            <PartitionNote partition={one} />
            <div class="partition-groups column">
              {groups.map(({ title, partitions }, index) => (
                <section key={title ?? index} aria-label={title ?? 'Partitions'}>
                  {title !== undefined && <h2 class="number">{title}</h2>}
                  <div class={`partition-cells${title === undefined ? ' named' : ''}`}>
                    {partitions.map((partition) => (
                      <Cell
                        key={partition.key}
                        partition={partition}
                        isNamed={title === undefined}
                        isChosen={partition.key === chosen}
                        onChoose={() => onChange({ key: partition.key })}
                      />
                    ))}
                  </div>
                </section>
              ))}
            </div>
            {isFilling && (
              <BackfillDialog
                tapestry={tapestry}
                keys={all.map(({ key }) => key)}
                onClose={() => setFilling(false)}
              />
            )}
          </div>
        )
      }
    </Answered>
  );
}

function PartitionNote({ partition }: { partition: Partition | undefined }) {
  if (!partition) return <p class="partition-note muted">Choose a partition to see why it is as it is.</p>;
  return (
    <div class="partition-note row wrap" role="status">
      <strong>{partition.key}</strong>
      <Outcome tone={PARTITION_TONES[partition.state] ?? 'none'} word={partition.state} />
      {partition.reasons.length > 0 && <span class="break">{whyStale(partition)}</span>}
      {partition.latestRun && (
        <Link to={{ page: 'run', run: partition.latestRun.runId }} class="link cut">
          {partition.latestRun.runId}
        </Link>
      )}
    </div>
  );
}

function whyStale({ reasons }: Partition): string {
  return reasons.map(({ explanation }) => explanation).join('; ');
}

function Cell(props: { partition: Partition; isNamed: boolean; isChosen: boolean; onChoose: () => void }) {
  const { partition, isNamed, isChosen, onChoose } = props;
  const tone = PARTITION_TONES[partition.state] ?? 'none';
  const why = partition.reasons.length > 0 ? `: ${whyStale(partition)}` : '';
  return (
    <button
      type="button"
      class={`partition tone-${tone}`}
      aria-pressed={isChosen}
      aria-label={`${partition.key}, ${partition.state}${why}`}
      title={`${partition.key} · ${partition.state}${why}`}
      onClick={onChoose}
    >
      <Shape tone={tone} size={9} />
      <span>{isNamed ? partition.key : cellText(partition.key)}</span>
    </button>
  );
}

const SELECTIONS = [
  ['missing', 'Missing: no run has made them'],
  ['failed', 'Failed: the newest run failed'],
  ['stale', 'Stale: code, configuration or an input has changed since'],
] as const;
const SHOWN_KEYS = 60;
const OFFERED_KEYS = 400;

/** Starts runs for partitions, after a preview. */
function BackfillDialog(props: { tapestry: string; keys: readonly string[]; onClose: () => void }) {
  const { tapestry, keys, onClose } = props;
  const [first, setFrom] = useState(keys[0] ?? '');
  const [last, setTo] = useState(keys.at(-1) ?? '');
  const [from, to] = [first.trim(), last.trim()];
  const [states, setStates] = useState<readonly BackfillState[]>(['missing']);
  const ask = { tapestry, ...(from !== '' && { from }), ...(to !== '' && { to }), states };
  // An incomplete key has no preview and cannot be started.
  const isWhole = [from, to].every((key) => key === '' || keys.includes(key));
  const isReady = states.length > 0 && isWhole;
  const preview = useAnswer('partitions.previewBackfill', isReady ? ask : undefined);
  const filling = useAct();
  const total = isReady ? (preview.value?.total ?? 0) : 0;
  const start = async (): Promise<void> => {
    const done = await filling.act('partitions.backfill', ask);
    if (!done) return;
    onClose();
    toast('Backfill started', 'ok', { href: href({ page: 'run', run: done.runId }), text: done.runId });
  };
  return (
    <Dialog
      title={`Backfill ${tapestry}`}
      onClose={onClose}
      onSubmit={() => {
        if (total > 0 && !preview.isLoading) void start();
      }}
      submit={{
        isBusy: filling.isBusy,
        isDisabled: total === 0 || preview.isLoading,
        children: total > 0 ? `Start ${countWords(total, 'run')}` : 'Start',
      }}
    >
      <div class="form column">
        {(filling.error ?? preview.error) && <ErrorBox error={(filling.error ?? preview.error)!} />}
        <div class="two">
          <TextField
            label="From"
            isRequired
            value={first}
            offers={keys.slice(-OFFERED_KEYS)}
            onChange={setFrom}
          />
          <TextField label="To" isRequired value={last} offers={keys.slice(-OFFERED_KEYS)} onChange={setTo} />
        </div>
        <fieldset class="group column">
          <legend>States</legend>
          {SELECTIONS.map(([name, words]) => (
            <label key={name} class="check row">
              <input
                type="checkbox"
                checked={states.includes(name)}
                onChange={(event) =>
                  setStates(
                    event.currentTarget.checked ? [...states, name] : states.filter((one) => one !== name),
                  )
                }
              />
              {words}
            </label>
          ))}
        </fieldset>
        <section aria-live="polite">
          <h3>
            {states.length === 0
              ? 'Choose at least one kind'
              : !isWhole
                ? 'From and to are keys of partitions'
                : preview.value
                  ? `${countWords(total, 'run')} would start`
                  : 'Looking…'}
          </h3>
          {preview.value && isReady && (
            <p class="preview-keys row wrap">
              {preview.value.keys.slice(0, SHOWN_KEYS).map((key) => (
                <Tag key={key}>{key}</Tag>
              ))}
              {total > SHOWN_KEYS && <span class="muted">and {countWords(total - SHOWN_KEYS)} more</span>}
            </p>
          )}
        </section>
      </div>
    </Dialog>
  );
}
