import type { RunView } from '../../../operations/runs/show';
import { about, mayAct } from '../app';
import { href } from '../router';
import { shownText } from '../shown-text';
import { Button } from '../ui/button';
import { Tag } from '../ui/chip';
import { Icon } from '../ui/icons';
import { RunOutcome } from '../ui/outcome';
import { Muted } from '../ui/table';
import { Duration, Time } from '../ui/time';
import { countWords } from '../words';
import { RunLink } from './run-link';

export type RunAct = 'cancel' | 'terminate';

/** A run's name, state and actions. */
export function RunHead(props: { view: RunView; onAct: (act: RunAct) => void; onRerun?: () => void }) {
  const { view, onAct, onRerun } = props;
  const { run, previousRunId, nextRunId } = view;
  const { abilities, server } = about.value;
  const hasRuns = abilities.pages.includes('runs');
  const isRunning = run.status === 'running';
  const { counts } = run;
  const done = counts && counts.ok + counts.err + counts.skipped;
  return (
    <header class="rp-head row wrap">
      <div class="rp-title row wrap">
        <p class="rp-path muted fine">
          {hasRuns ? (
            <>
              <a href={href({ page: 'runs' })}>Runs</a> /{' '}
              <a href={href({ page: 'runs', tapestry: run.tapestry })}>{shownText(run.tapestry)}</a>
            </>
          ) : (
            shownText(run.tapestry)
          )}
        </p>
        <h1 class="mono">{shownText(run.runId)}</h1>
        <RunOutcome status={run.status} isUnbegun={run.started === false} />
      </div>
      <div class="rp-facts row wrap">
        {run.startedAt > 0 && (
          <>
            <Time at={run.startedAt} />
            <Duration from={run.startedAt} to={isRunning ? undefined : (run.finishedAt ?? run.startedAt)} />
          </>
        )}
        {counts && (
          <span class="muted">
            {countWords(done!)} of {countWords(view.graph.knots.length, 'knot')} ended
            {counts.err > 0 && <span class="tone-err">, {countWords(counts.err)} failed</span>}
          </span>
        )}
        {run.actor !== undefined && <Muted>by {shownText(run.actor)}</Muted>}
        {run.trigger !== undefined && (
          <Muted>
            from <span title={eventText(run)}>{shownText(run.trigger)}</span>
          </Muted>
        )}
        {run.partition !== undefined && (
          <Muted>
            partition{' '}
            <Tag
              {...(abilities.pages.includes('partitions') && {
                href: href({ page: 'partitions', tapestry: run.tapestry, key: run.partition }),
              })}
            >
              {shownText(run.partition)}
            </Tag>
          </Muted>
        )}
        {run.parentRunId !== undefined && (
          <Muted>
            started by <RunLink run={run.parentRunId} knot={run.parentKnotId} />
          </Muted>
        )}
        {run.resumedFrom !== undefined && (
          <Muted>
            resumed from <RunLink run={run.resumedFrom} />
          </Muted>
        )}
        {run.resumedAs?.map(({ runId }) => (
          <Muted key={runId}>
            resumed as <RunLink run={runId} />
          </Muted>
        ))}
        {run.vcsCommit !== undefined && <code class="muted">{shownText(run.vcsCommit.slice(0, 12))}</code>}
        {run.tags.map((tag) => (
          <Tag key={tag}>{shownText(tag)}</Tag>
        ))}
      </div>
      <div class="rp-acts row wrap">
        {previousRunId !== undefined && (
          <Button kind="quiet" icon="left" href={href({ page: 'run', run: previousRunId })}>
            <span class="out-of-sight">Earlier run</span>
          </Button>
        )}
        {nextRunId !== undefined && (
          <Button kind="quiet" icon="right" href={href({ page: 'run', run: nextRunId })}>
            <span class="out-of-sight">Later run</span>
          </Button>
        )}
        {previousRunId !== undefined && abilities.pages.includes('compare') && (
          <Button icon="compare" href={href({ page: 'compare', first: previousRunId, second: run.runId })}>
            Compare
          </Button>
        )}
        {server?.temporalUi !== undefined && /^https?:\/\//u.test(server.temporalUi) && (
          <a
            class="button quiet"
            href={`${server.temporalUi.replace(/\/$/u, '')}/namespaces/${encodeURIComponent(server.namespace)}/workflows/${encodeURIComponent(run.runId)}`}
            target="_blank"
            rel="noreferrer"
          >
            <Icon name="external" />
            <span>Temporal</span>
          </a>
        )}
        {mayAct() && isRunning && (
          <>
            <Button icon="stop" onClick={() => onAct('cancel')}>
              Cancel
            </Button>
            <Button kind="danger" onClick={() => onAct('terminate')}>
              Terminate
            </Button>
          </>
        )}
        {onRerun && (
          <Button kind="primary" icon="again" onClick={onRerun}>
            {run.status === 'succeeded' ? 'Run again' : 'Resume'}
          </Button>
        )}
      </div>
    </header>
  );
}

function eventText({ event, triggerKey }: RunView['run']): string {
  return [
    ...(triggerKey === undefined ? [] : [triggerKey]),
    ...Object.entries(event ?? {}).map(([name, value]) => `${name}: ${value}`),
  ]
    .map(shownText)
    .join('\n');
}
