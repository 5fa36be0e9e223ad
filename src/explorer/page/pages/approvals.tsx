import { useRef } from 'preact/hooks';
import type { Approval as Wait } from '../../../operations/approvals/list';
import { mayAct } from '../app';
import { useKeys } from '../keys';
import { alter, href, type PageProps } from '../router';
import { useAnswer, useFurther } from '../store';
import { Button, Link } from '../ui/button';
import { Facts } from '../ui/facts';
import { Answered, PageHead } from '../ui/page';
import { Empty } from '../ui/states';
import { Muted } from '../ui/table';
import { Time } from '../ui/time';
import { VirtualList } from '../ui/virtual-list';
import { countWords, exactWords } from '../words';
import { useSignalForm } from './act-dialogs';

/** The signals that runs wait for, each with a form for its payload. */
export function ApprovalsPage({ place }: PageProps<'approvals'>) {
  const answer = useAnswer('approvals.list', {}, { staleOn: () => true, everyMs: 15_000 });
  // Later pages begin elsewhere once the first has changed.
  const further = useFurther('approvals.list', {}, answer.value, answer.value);
  const waits = further.pages.flatMap((page) => page.items);
  /** The wait whose form is shown. The form stays as long as its knot waits, for it may be half filled in. */
  const shown = useRef<Wait>();
  const answered = useRef<string>();
  const isMeant = (wait: Wait): boolean =>
    place.run === undefined
      ? shown.current !== undefined && keyOf(wait) === keyOf(shown.current)
      : wait.runId === place.run && wait.signal === place.signal;
  const meantAt = waits.findIndex(isMeant);
  // Newer waits may have pushed the shown one behind those that are loaded.
  const before = shown.current;
  const behind =
    before && further.cursor !== undefined && isMeant(before) && keyOf(before) !== answered.current
      ? before
      : undefined;
  const at = meantAt < 0 && !behind && place.run === undefined ? Math.min(0, waits.length - 1) : meantAt;
  const chosen = waits[at] ?? behind;
  shown.current = chosen;
  const choose = (index: number): void => {
    const wait = waits[Math.max(0, Math.min(waits.length - 1, index))];
    if (wait) alter('approvals', { run: wait.runId, signal: wait.signal }, { replace: true });
  };
  const form = useRef<HTMLDivElement>(null);
  useKeys('Approvals', [
    { keys: ['j', 'ArrowDown'], says: 'Next', run: () => choose(at + 1) },
    { keys: ['k', 'ArrowUp'], says: 'Previous', run: () => choose(at - 1) },
    {
      keys: 'Enter',
      says: 'To its form',
      run: () => form.current?.querySelector<HTMLElement>('input, select, textarea, button')?.focus(),
    },
  ]);
  return (
    <>
      <PageHead
        title="Approvals"
        note={waits.length > 0 && `${countWords(waits.length, 'wait')} for a signal, newest runs first`}
      />
      <Answered answer={answer} rows={4} height={64}>
        {() =>
          waits.length === 0 && !behind ? (
            <Empty icon="approvals" title="Nothing waits for you">
              A knot that waits for a signal is listed here, with a form of what it needs.
            </Empty>
          ) : (
            <div class="inbox grow">
              <div class="inbox-list column grow">
                <VirtualList
                  count={waits.length}
                  rowHeight={68}
                  label="Signals that are waited for"
                  active={at}
                  keyOf={(index) => keyOf(waits[index]!)}
                  onEnd={further.more}
                >
                  {(index) => <InboxRow wait={waits[index]!} isChosen={index === at} />}
                </VirtualList>
              </div>
              <div class="inbox-one grow" ref={form}>
                {chosen ? (
                  <Answering
                    key={keyOf(chosen)}
                    wait={chosen}
                    onSent={() => (answered.current = keyOf(chosen))}
                  />
                ) : (
                  <Empty title="It no longer waits">
                    <code>{place.signal}</code> of {place.run} has been answered, or the run is over.
                  </Empty>
                )}
              </div>
            </div>
          )
        }
      </Answered>
    </>
  );
}

function keyOf({ runId, knotId, signal }: Wait): string {
  return `${runId} ${knotId} ${signal}`;
}

function InboxRow({ wait, isChosen }: { wait: Wait; isChosen: boolean }) {
  return (
    <a
      class="pick lined column inbox-row"
      href={href({ page: 'approvals', run: wait.runId, signal: wait.signal })}
      aria-current={isChosen ? 'true' : undefined}
    >
      <span class="inbox-title row between">
        <strong class="cut">{wait.signal}</strong>
        <Muted>{wait.since !== undefined && <Time at={wait.since} />}</Muted>
      </span>
      <span class="cut muted">{wait.summary ?? `${wait.tapestry} · ${wait.knotId}`}</span>
      <span class="cut muted">{wait.runId}</span>
    </a>
  );
}

function Answering({ wait, onSent }: { wait: Wait; onSent: () => void }) {
  const { runId: run, signal, schema, tapestry } = wait;
  const { fields, attributes, isBusy } = useSignalForm({ run, signal, schema, onSent });
  return (
    <form class="answering column" {...attributes}>
      <header>
        <h2>{signal}</h2>
        {wait.summary !== undefined && <p>{wait.summary}</p>}
        <Facts
          facts={[
            ['Run', <Link to={{ page: 'run', run, knot: wait.knotId }}>{run}</Link>],
            [
              'Knot',
              <>
                {wait.knotId} of <Link to={{ page: 'tapestry', tapestry }}>{tapestry}</Link>
              </>,
            ],
            ['Waits since', wait.since !== undefined && exactWords(wait.since)],
            [
              'Until',
              wait.until !== undefined && (
                <>
                  {exactWords(wait.until)} (<Time at={wait.until} />)
                </>
              ),
            ],
          ]}
        />
      </header>
      {mayAct() ? (
        <>
          {fields}
          <p>
            <Button kind="primary" type="submit" isBusy={isBusy}>
              Send
            </Button>
          </p>
        </>
      ) : (
        <p class="muted">
          This page is for reading. Open it with the link that the command has printed to answer.
        </p>
      )}
    </form>
  );
}
