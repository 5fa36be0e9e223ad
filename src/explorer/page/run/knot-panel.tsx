import { formatBytes, durationOf } from '../../../visualisation/words';
import { useMemo, useState } from 'preact/hooks';
import type { InputView } from '../../../operations/knots/show';
import { mayAct } from '../app';
import { marksOf } from '../../../visualisation/marks';
import { logLines } from '../../../records/log-lines';
import { useSignalForm, type SignalFormProps } from '../pages/act-dialogs';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { HashChip } from '../ui/chip';
import { Facts } from '../ui/facts';
import { ErrorBox } from '../ui/states';
import { Muted } from '../ui/table';
import { ValuePreview } from '../value/value-preview';
import { durationWords, exactWords } from '../words';
import { MapElements } from './map-elements';
import { Marks } from './marks';
import type { RunModel } from './run-model';
import { useRunChanges } from './use-run-changes';
import { KnotAside, KnotButton, Knots, KnotSection } from './knot-section';
import { KnotError } from './knot-error';
import { KnotHistory, KnotWaiting } from './knot-waiting';
import { LogLine } from './log-line';
import { RunLink } from './run-link';

interface KnotPanelProps {
  readonly run: string;
  readonly model: RunModel;
  readonly knot: string;
  /** Index of a map's element, which is shown instead of the map. */
  readonly element?: string;
  /** A function that reruns a knot; absent if the run cannot be rerun from here. */
  readonly onRerun?: (knot: string) => void;
  onSelect(knot: string): void;
  onElement(element: string | undefined): void;
  onClose(): void;
}

/** Everything known about one knot, or one element of a map. */
export function KnotPanel(props: KnotPanelProps) {
  const { run, model, knot, element, onSelect } = props;
  useRunChanges(model);
  const index = model.indexOf(knot);
  const wiring = index === undefined ? undefined : model.knots[index]!;
  const shown = element ?? knot;
  const answer = useAnswer(
    'knots.show',
    { runId: run, knotId: shown },
    { staleOn: (event) => event.runId === run && event.knotId === shown },
  );
  const mine = answer.value?.knotId === shown ? answer.value : undefined;
  const state =
    mine?.state ?? (element === undefined && index !== undefined ? model.states[index] : undefined);
  const waiting = state || index === undefined ? undefined : (mine?.waiting ?? model.waits[index]);
  const isInModel = index !== undefined && element === undefined && (!state || model.states[index]);
  const marks = isInModel ? model.marks[index]! : marksOf({ state });
  const took = durationOf({ state });
  const links = useMemo(() => {
    if (index === undefined) return { parents: [], children: [] };
    const named = (those: readonly number[]): string[] => those.map((one) => model.knots[one]!.id);
    return { parents: named(model.kinship.parents[index]!), children: named(model.kinship.children[index]!) };
  }, [model, index]);
  return (
    <KnotAside
      id={shown}
      before={
        element !== undefined && (
          <button type="button" class="link fine" onClick={() => props.onElement(undefined)}>
            ← {shownText(knot)}
          </button>
        )
      }
      note={
        <>
          {shownText(
            [wiring?.definition ?? wiring?.kind, wiring?.each && `of ${wiring.each}`]
              .filter(Boolean)
              .join(' '),
          )}
          {wiring?.summary !== undefined && <span> · {shownText(wiring.summary)}</span>}
        </>
      }
      onClose={props.onClose}
    >
      <div class="knot-facts row wrap">
        <Marks marks={marks} />
        {took !== undefined && <span class="number">{durationWords(took)}</span>}
        {state?.skipReason !== undefined && <Muted>{SKIPS[state.skipReason] ?? state.skipReason}</Muted>}
        {props.onRerun && element === undefined && mayAct() && state && (
          <Button icon="again" onClick={() => props.onRerun!(knot)}>
            Resume from here
          </Button>
        )}
      </div>
      {answer.error && !mine && <ErrorBox error={answer.error} onRetry={answer.reload} />}
      {waiting && <KnotWaiting waiting={waiting} />}
      {mine?.signalSchema !== undefined && wiring?.signal !== undefined && !state && mayAct() && (
        <KnotSection title={`Send the signal ${shownText(wiring.signal)}`}>
          <SignalForm run={run} signal={wiring.signal} schema={mine.signalSchema} />
        </KnotSection>
      )}
      {(mine?.error ?? state?.error) && <KnotError error={mine?.error} brief={state?.error} />}
      {(wiring?.kind === 'map' || state?.elements) && element === undefined && (
        <KnotSection title="Elements">
          <MapElements run={run} map={knot} onElement={props.onElement} />
        </KnotSection>
      )}
      {state?.outputHash !== undefined && (
        <KnotSection title="Value" aside={<HashChip hash={state.outputHash} run={run} />}>
          <ValuePreview hash={state.outputHash} run={run} />
        </KnotSection>
      )}
      {mine && mine.inputs.length > 0 && (
        <KnotSection title="Inputs">
          {mine.inputs.map((input) => (
            <Input key={input.name} input={input} run={run} onSelect={onSelect} />
          ))}
        </KnotSection>
      )}
      {mine?.cache && (
        <KnotSection title={mine.cache.reused ? 'Reused' : 'Not reused'}>
          <p class="prose">
            {shownText(mine.cache.explanation)}{' '}
            {mine.cache.runId !== undefined && <RunLink run={mine.cache.runId} knot={mine.cache.knotId} />}
          </p>
        </KnotSection>
      )}
      {mine?.log && (
        <KnotSection
          title="Log"
          aside={mine.log.truncated && mine.log.unreadable === undefined && <Muted>last lines</Muted>}
        >
          {mine.log.unreadable !== undefined && <p class="muted">It cannot be read: {mine.log.unreadable}</p>}
          <pre class="knot-log sunken" tabIndex={0} aria-label="Log">
            {logLines(mine.log.text).map((line, index) => (
              <LogLine key={index} {...line} />
            ))}
          </pre>
        </KnotSection>
      )}
      {state && (state.attempts || state.waits) && <KnotHistory state={state} />}
      <KnotSection title="Details">
        <Facts
          facts={[
            ['Scheduled', state && exactWords(state.scheduledAt)],
            ['Started', state && exactWords(state.startedAt)],
            ['Finished', state && exactWords(state.finishedAt)],
            ['Size', state?.outputSize !== undefined && formatBytes(state.outputSize)],
            ['Worker', shownText(state?.worker)],
            ['Reused from', state?.cachedFromRun !== undefined && <RunLink run={state.cachedFromRun} />],
            ['Child run', state?.childRunId !== undefined && <RunLink run={state.childRunId} />],
            ['Version', shownText(wiring?.version)],
            ['Code', mine?.codeHash !== undefined && <HashChip hash={mine.codeHash} isLink={false} />],
            [
              'Ran code',
              state?.ranCodeHash !== undefined && (
                <>
                  <span class="tone-waiting">other code than the plan’s</span>{' '}
                  <HashChip hash={state.ranCodeHash} isLink={false} />
                </>
              ),
            ],
            ['Dispatcher', shownText(mine?.dispatcher ?? (wiring?.local ? 'local' : undefined))],
            ['Body host', shownText(mine?.host)],
            ['Task queue', shownText(mine?.taskQueue ?? wiring?.taskQueue)],
            ['Terminal', shownText(wiring?.terminals?.join(', '))],
            ['Signal', shownText(wiring?.signal)],
            ['Parents', links.parents.length > 0 && <Knots ids={links.parents} onSelect={onSelect} />],
            ['Children', links.children.length > 0 && <Knots ids={links.children} onSelect={onSelect} />],
          ]}
        />
      </KnotSection>
    </KnotAside>
  );
}

const SKIPS: Readonly<Record<string, string>> = {
  parent_failed_or_skipped: 'a parent failed or was skipped',
  gate_closed: 'its gate was closed',
  branch_not_selected: 'another path was chosen',
  no_alternative: 'no alternative had a value',
  cancelled: 'the run was cancelled',
};

function Input(props: { input: InputView; run: string; onSelect: (id: string) => void }) {
  const { input, run, onSelect } = props;
  const { name, knotId, hash } = input;
  const [isOpen, setOpen] = useState(false);
  return (
    <div class="knot-input">
      <div class="knot-input-head row">
        <button
          type="button"
          class="knot-fold bare-button row grow"
          aria-expanded={isOpen}
          disabled={hash === undefined}
          onClick={() => setOpen(!isOpen)}
        >
          <span class="muted" aria-hidden="true">
            {hash === undefined ? '' : isOpen ? '▾' : '▸'}
          </span>
          <span class="mono cut">{shownText(name)}</span>
        </button>
        {knotId === undefined ? <Muted>constant</Muted> : <KnotButton id={knotId} onSelect={onSelect} />}
        {hash !== undefined && <HashChip hash={hash} run={run} />}
      </div>
      {isOpen && hash !== undefined && <ValuePreview hash={hash} run={run} height={220} />}
    </div>
  );
}

function SignalForm(props: SignalFormProps) {
  const { fields, attributes, isBusy } = useSignalForm(props);
  return (
    <form class="form column" {...attributes}>
      {fields}
      <p>
        <Button kind="primary" type="submit" isBusy={isBusy}>
          Send
        </Button>
      </p>
    </form>
  );
}
