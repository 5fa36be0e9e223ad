import type { WaitingGroup } from '../../../connection/across/waiting-run';
import { PageHead } from '../frame';
import type { PageProps } from '../pages';
import { href } from '../router';
import { useAnswer } from '../store';
import { Outcome } from '../ui/outcome';
import { Empty, ErrorBox, Skeleton } from '../ui/states';
import { Table } from '../ui/table';
import { Time } from '../ui/time';
import { countWords, shortHash } from '../words';

const GROUPS: Readonly<Record<WaitingGroup, string>> = {
  reason: 'Reason',
  version: 'Version',
  knot: 'Knot',
  'task-queue': 'Task queue',
};

const RUNS = 200;
/** Who looks at a page waits no longer. */
const WITHIN_MS = 3_000;

/** Which unfinished runs wait, for what, and which code they still need. */
export function WaitingPage({ place }: PageProps<'waiting'>) {
  const by = isGroup(place.by) ? place.by : 'reason';
  const answer = useAnswer('runs.waiting', { by, limit: RUNS, within: WITHIN_MS }, { everyMs: 15_000 });
  const found = answer.value;
  return (
    <>
      <PageHead
        title="Waiting"
        note={
          found &&
          `${countWords(found.open, 'unfinished run')}: ${countWords(found.waiting)} wait, ${countWords(found.working)} work`
        }
      />
      <div class="page-body">
        {answer.error && <ErrorBox error={answer.error} onRetry={answer.reload} />}
        {!found ? (
          !answer.error && <Skeleton rows={4} height={42} />
        ) : found.waiting === 0 ? (
          <Empty icon="waiting" title="No waiting runs">
            Runs that wait for a worker, a signal, a limit or a backend are listed here.
          </Empty>
        ) : (
          <>
            <p>
              By{' '}
              {(Object.keys(GROUPS) as WaitingGroup[]).map((group, index) => (
                <span key={group}>
                  {index > 0 && ', '}
                  <a
                    class="link"
                    href={href({ page: 'waiting', by: group })}
                    aria-current={group === by ? 'true' : undefined}
                  >
                    {GROUPS[group].toLowerCase()}
                  </a>
                </span>
              ))}
            </p>
            <Table
              heads={[GROUPS[by], ['number', 'Runs'], ['muted', 'Longest'], 'Run']}
              rows={found.counts?.map(({ key, count, since, oldestRunId }) => [
                key,
                <code class="break">{key}</code>,
                countWords(count),
                <Time at={since} />,
                <a class="link break" href={href({ page: 'run', run: oldestRunId })}>
                  {oldestRunId}
                </a>,
              ])}
            />
            <h2>Longest waiting</h2>
            <Table
              heads={['Run', 'Knot', ['muted', 'Since'], 'Reason']}
              rows={found.items.map(({ runId, knotId, since, reason }) => [
                runId,
                <a class="link break" href={href({ page: 'run', run: runId, knot: knotId })}>
                  {runId}
                </a>,
                <code class="break">{knotId ?? ''}</code>,
                <Time at={since} />,
                <>
                  <strong>{reason.code}</strong> <span class="muted">{reason.message}</span>
                </>,
              ])}
            />
          </>
        )}
        <Versions />
      </div>
    </>
  );
}

/** The bodies that unfinished runs have yet to run, and those that are safe to remove. */
function Versions() {
  const answer = useAnswer('versions.list', {}, { everyMs: 30_000 });
  const { bodies, silentWorkers = [] } = answer.value ?? {};
  const areAllKnown = answer.value?.workersKnown === true && silentWorkers.length === 0;
  if (answer.error) return <ErrorBox error={answer.error} onRetry={answer.reload} />;
  if (!bodies?.length) return null;
  return (
    <>
      <h2>Versions in use</h2>
      <Table
        heads={['Body', 'Code', ['number', 'Runs'], ['number', 'Workers'], 'Safe to remove']}
        rows={bodies.map(({ body, codeHash, runs, workers, safeToRemove }) => [
          `${body} ${codeHash}`,
          <code class="break">{body}</code>,
          codeHash !== null ? (
            <code>{shortHash(codeHash)}</code>
          ) : (
            runs > 0 && <span class="muted">body host</span>
          ),
          countWords(runs),
          workers.length > 0 || areAllKnown ? (
            countWords(new Set(workers.map(({ identity }) => identity)).size)
          ) : (
            <span class="muted">not known</span>
          ),
          safeToRemove === null ? (
            <Outcome tone="none" word="not known" isBare />
          ) : safeToRemove ? (
            <Outcome tone="ok" word="yes" isBare />
          ) : runs > 0 && workers.length === 0 && areAllKnown ? (
            <Outcome tone="err" word="no worker has it" isBare />
          ) : (
            <Outcome tone="none" word="no" isBare />
          ),
        ])}
      />
    </>
  );
}

function isGroup(text: string | undefined): text is WaitingGroup {
  return text !== undefined && Object.hasOwn(GROUPS, text);
}
