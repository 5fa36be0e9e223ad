import { useMemo } from 'preact/hooks';
import { useAct } from '../acting';
import { go } from '../router';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Dialog } from '../ui/dialog';
import { Outcome } from '../ui/outcome';
import { Answered } from '../ui/page';
import { ErrorBox } from '../ui/states';
import { VirtualList } from '../ui/virtual-list';
import { countWords } from '../words';
import type { RunModel } from './run-model';

const ROW = 28;

/** Shows what a rerun would run and what it would reuse, before it is started. */
export function RerunDialog(props: {
  run: string;
  model: RunModel;
  /** The knot to run again with everything downstream; if omitted, all knots that are not Ok. */
  from?: string;
  onClose: () => void;
}) {
  const { run, model, from, onClose } = props;
  const isAllOk = useMemo(
    () => model.marks.every(({ status }) => status === 'ok' || status === 'reused'),
    [model],
  );
  const first = useMemo(() => (isAllOk ? rootsOf(model) : undefined), [model, isAllOk]);
  const knots = from === undefined ? first : [from];
  const ask = { runId: run, ...(knots && { from: knots }) };
  const preview = useAnswer('runs.previewResume', ask);
  const { value } = preview;
  const resume = useAct();
  const start = async (): Promise<void> => {
    const answer = await resume.act('runs.resume', ask, 'A new run is started');
    if (!answer) return;
    onClose();
    go({ page: 'run', run: answer.runId });
  };
  return (
    <Dialog
      title={from === undefined ? (isAllOk ? 'Run all of it again' : 'Resume the run') : 'Resume from here'}
      onClose={onClose}
      onSubmit={() => void start()}
      leave="Close"
      submit={{
        icon: 'play',
        isBusy: resume.isBusy,
        isDisabled: !value || value.runs.length === 0,
        children: value ? `Run ${countWords(value.runs.length, 'knot')}` : 'Run',
      }}
    >
      <p class="muted">
        {from === undefined ? (
          isAllOk ? (
            'All knots run again with the same parameters.'
          ) : (
            'Each knot that is not ok runs again, with every knot downstream of it.'
          )
        ) : (
          <>
            <code>{shownText(from)}</code> runs again, with every knot downstream of it.
          </>
        )}{' '}
        A new run is started. This run does not change.
      </p>
      {resume.error && <ErrorBox error={resume.error} />}
      <Answered answer={preview} rows={4} height={ROW}>
        {({ runs, reused }) => (
          <div class="rerun two">
            <Side
              title={`${countWords(runs.length, 'knot')} would run`}
              ids={runs}
              tone="running"
              word="runs"
            />
            <Side
              title={`${countWords(reused.length, 'knot')} would be reused`}
              ids={reused}
              tone="reused"
              word="reused"
            />
          </div>
        )}
      </Answered>
    </Dialog>
  );
}

function rootsOf(model: RunModel): string[] {
  const { parents } = model.kinship;
  return model.knots.flatMap(({ id, kind }, knot) =>
    kind !== 'parameter' && parents[knot]!.every((parent) => model.knots[parent]!.kind === 'parameter')
      ? [id]
      : [],
  );
}

interface SideProps {
  title: string;
  ids: readonly string[];
  tone: 'running' | 'reused';
  word: string;
}

function Side({ title, ids, tone, word }: SideProps) {
  return (
    <section>
      <h3>{title}</h3>
      {ids.length > 0 && (
        <div style={{ height: `${Math.min(8, ids.length) * ROW + 2}px` }} class="box column">
          <VirtualList count={ids.length} rowHeight={ROW} label={title} keyOf={(index) => ids[index]!}>
            {(index) => (
              <span class="rerun-row row">
                <Outcome tone={tone} word={word} isBare />
                <span class="mono cut" title={shownText(ids[index]!)}>
                  {shownText(ids[index]!)}
                </span>
              </span>
            )}
          </VirtualList>
        </div>
      )}
    </section>
  );
}
