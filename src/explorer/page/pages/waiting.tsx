import type { BodyVersion } from '../../../connection/across/version-answers';
import type { WaitingGroup } from '../../../connection/across/waiting-run';
import { alter, type PageProps } from '../router';
import { useAnswer } from '../store';
import { Link, Segmented } from '../ui/button';
import { Outcome } from '../ui/outcome';
import { AnswerPage, Below } from '../ui/page';
import { Empty, ErrorBox } from '../ui/states';
import { Code, Muted, Table } from '../ui/table';
import { Time } from '../ui/time';
import { countWords, shortHash } from '../words';

const GROUPS: readonly (readonly [WaitingGroup, string])[] = [
  ['reason', 'Reason'],
  ['version', 'Version'],
  ['knot', 'Knot'],
  ['task-queue', 'Task queue'],
];

const RUNS = 200;
const WITHIN = '3s';

/** The unfinished runs that wait, the reasons, and the code that they still need. */
export function WaitingPage({ place }: PageProps<'waiting'>) {
  const by = isGroup(place.by) ? place.by : 'reason';
  const answer = useAnswer('runs.waiting', { by, limit: RUNS, within: WITHIN }, { everyMs: 15_000 });
  const found = answer.value;
  return (
    <AnswerPage
      title="Waiting"
      note={
        found &&
        `${countWords(found.open, 'unfinished run')}: ${countWords(found.waiting)} wait, ${countWords(found.working)} work`
      }
      acts={
        <Segmented
          label="By"
          choices={GROUPS}
          chosen={by}
          onChoose={(chosen) => alter('waiting', { by: chosen })}
        />
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
            <Table
              items={counts}
              keyOf={({ key }) => key}
              columns={[
                [new Map(GROUPS).get(by)!, ({ key }) => <Code>{key}</Code>],
                ['Runs', ({ count }) => countWords(count), 'number'],
                ['Longest', ({ since }) => <Time at={since} />, 'muted'],
                ['Run', ({ oldestRunId: run }) => <Link to={{ page: 'run', run }}>{run}</Link>],
              ]}
            />
            <Below title="Longest waiting">
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
            </Below>
          </>
        )
      }
    </AnswerPage>
  );
}

/** The bodies that unfinished runs have yet to run, and which workers have them. */
function Versions() {
  const { value, error, reload } = useAnswer('versions.list', {}, { everyMs: 30_000 });
  if (error) return <ErrorBox error={error} onRetry={reload} />;
  if (!value?.bodies?.length) return null;
  const { bodies, workersKnown, silentWorkers = [] } = value;
  const areAllKnown = workersKnown === true && silentWorkers.length === 0;
  const needed = bodies.filter(({ runs }) => runs > 0);
  const free = bodies.filter(({ safeToRemove }) => safeToRemove === true).length;
  const unknown = bodies.length - needed.length - free;
  return (
    <Below title="Versions in use">
      {needed.length > 0 && (
        <Table
          items={needed}
          keyOf={({ body, codeHash }) => `${body} ${codeHash}`}
          columns={[
            ['Body', ({ body }) => <Code>{body}</Code>],
            [
              'Code',
              ({ codeHash }) =>
                codeHash === null ? <Muted>body host</Muted> : <code>{shortHash(codeHash)}</code>,
            ],
            ['Unfinished runs', ({ runs }) => countWords(runs), 'number'],
            ['Workers', ({ workers }) => <Having workers={workers} areAllKnown={areAllKnown} />],
          ]}
        />
      )}
      {free > 0 && (
        <p class="muted">
          Workers also have {countWords(free, 'body', 'bodies')} that no unfinished run needs.{' '}
          <code>selvage versions</code> lists them.
        </p>
      )}
      {unknown > 0 && (
        <p class="muted">
          It is not known whether unfinished runs need {countWords(unknown, 'other body', 'other bodies')}.
        </p>
      )}
    </Below>
  );
}

function Having({ workers, areAllKnown }: Pick<BodyVersion, 'workers'> & { areAllKnown: boolean }) {
  if (workers.length > 0) return <>{countWords(new Set(workers.map(({ identity }) => identity)).size)}</>;
  return areAllKnown ? <Outcome tone="err" word="no worker has it" isBare /> : <Muted>not known</Muted>;
}

function isGroup(text: string | undefined): text is WaitingGroup {
  return GROUPS.some(([group]) => group === text);
}
