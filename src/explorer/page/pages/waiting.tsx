import { Fragment } from 'preact';
import type { WaitingGroup } from '../../../connection/across/waiting-run';
import { href, type PageProps } from '../router';
import { useAnswer } from '../store';
import { Link } from '../ui/link';
import { Outcome } from '../ui/outcome';
import { AnswerPage } from '../ui/page';
import { Empty, ErrorBox } from '../ui/states';
import { Code, Muted, Table } from '../ui/table';
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
    <AnswerPage
      title="Waiting"
      note={
        found &&
        `${countWords(found.open, 'unfinished run')}: ${countWords(found.waiting)} wait, ${countWords(found.working)} work`
      }
      answer={answer}
      below={<Versions />}
    >
      {({ waiting, counts = [], items }) =>
        waiting === 0 ? (
          <Empty icon="waiting" title="No waiting runs">
            Runs that wait for a worker, a signal, a limit or a backend are listed here.
          </Empty>
        ) : (
          <>
            <p>
              By{' '}
              {(Object.keys(GROUPS) as WaitingGroup[]).map((group, index) => (
                <Fragment key={group}>
                  {index > 0 && ', '}
                  <a
                    class="link"
                    href={href({ page: 'waiting', by: group })}
                    aria-current={group === by ? 'true' : undefined}
                  >
                    {GROUPS[group].toLowerCase()}
                  </a>
                </Fragment>
              ))}
            </p>
            <Table
              items={counts}
              keyOf={({ key }) => key}
              columns={[
                [GROUPS[by], ({ key }) => <Code>{key}</Code>],
                ['Runs', ({ count }) => countWords(count), 'number'],
                ['Longest', ({ since }) => <Time at={since} />, 'muted'],
                ['Run', ({ oldestRunId: run }) => <Link to={{ page: 'run', run }}>{run}</Link>],
              ]}
            />
            <h2>Longest waiting</h2>
            <Table
              items={items}
              keyOf={({ runId }) => runId}
              columns={[
                [
                  'Run',
                  ({ runId: run, knotId }) => <Link to={{ page: 'run', run, knot: knotId }}>{run}</Link>,
                ],
                ['Knot', ({ knotId }) => <code class="break">{knotId}</code>],
                ['Since', ({ since }) => <Time at={since} />, 'muted'],
                [
                  'Reason',
                  ({ reason: { code, message } }) => (
                    <>
                      <strong>{code}</strong> <Muted>{message}</Muted>
                    </>
                  ),
                ],
              ]}
            />
          </>
        )
      }
    </AnswerPage>
  );
}

/** The bodies that unfinished runs have yet to run, and those that are safe to remove. */
function Versions() {
  const { value, error, reload } = useAnswer('versions.list', {}, { everyMs: 30_000 });
  if (error) return <ErrorBox error={error} onRetry={reload} />;
  if (!value?.bodies?.length) return null;
  const { bodies, workersKnown, silentWorkers = [] } = value;
  const areAllKnown = workersKnown === true && silentWorkers.length === 0;
  return (
    <>
      <h2>Versions in use</h2>
      <Table
        items={bodies}
        keyOf={({ body, codeHash }) => `${body} ${codeHash}`}
        columns={[
          ['Body', ({ body }) => <Code>{body}</Code>],
          [
            'Code',
            ({ codeHash, runs }) =>
              codeHash !== null ? <code>{shortHash(codeHash)}</code> : runs > 0 && <Muted>body host</Muted>,
          ],
          ['Runs', ({ runs }) => countWords(runs), 'number'],
          [
            'Workers',
            ({ workers }) =>
              workers.length > 0 || areAllKnown ? (
                countWords(new Set(workers.map(({ identity }) => identity)).size)
              ) : (
                <Muted>not known</Muted>
              ),
            'number',
          ],
          [
            'Safe to remove',
            ({ safeToRemove, runs, workers }) => {
              if (safeToRemove === true) return <Outcome tone="ok" word="yes" isBare />;
              if (safeToRemove === false && runs > 0 && workers.length === 0 && areAllKnown)
                return <Outcome tone="err" word="no worker has it" isBare />;
              return <Outcome tone="none" word={safeToRemove === null ? 'not known' : 'no'} isBare />;
            },
          ],
        ]}
      />
    </>
  );
}

function isGroup(text: string | undefined): text is WaitingGroup {
  return text !== undefined && Object.hasOwn(GROUPS, text);
}
