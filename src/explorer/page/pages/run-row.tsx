import type { RunSummary } from '../../../operations/runs/summary';
import { href } from '../router';
import { Tag } from '../ui/chip';
import { RunOutcome, Shape, type Tone } from '../ui/outcome';
import { Duration, Time } from '../ui/time';
import { countWords } from '../words';

interface RunRowProps {
  run: RunSummary;
  isFirst: boolean;
  isMarked: boolean;
  onFocus: () => void;
}

export function RunRow({ run, isFirst, isMarked, onFocus }: RunRowProps) {
  const from = run.partition ?? run.trigger ?? run.actor;
  return (
    <a
      class={`pick lined run-row${isMarked ? ' marked' : ''}`}
      href={href({ page: 'run', run: run.runId })}
      tabIndex={isFirst ? 0 : -1}
      onFocus={onFocus}
    >
      <span>
        <RunOutcome status={run.status} isUnbegun={run.started === false} isBare />
      </span>
      <span class="run-name row">
        <span class="cut" title={run.runId}>
          {isMarked && <span class="mark">marked </span>}
          {run.runId}
        </span>
        {run.error && (
          <span class="run-error cut fine" title={`${run.error.type}: ${run.error.message}`}>
            {run.error.message}
          </span>
        )}
        {run.tags.slice(0, 3).map((tag) => (
          <Tag key={tag}>{tag}</Tag>
        ))}
      </span>
      <span class="run-tapestry cut muted" title={run.tapestry}>
        {run.tapestry}
      </span>
      <span class="run-counts">{run.counts && <Counts counts={run.counts} />}</span>
      <span class="run-from cut muted" title={from}>
        {from}
      </span>
      <span class="right muted">
        {run.started === false ? '–' : <Duration from={run.startedAt} to={run.finishedAt} />}
      </span>
      <span class="right muted">
        <Time at={run.startedAt} />
      </span>
    </a>
  );
}

const COUNTED: readonly [name: 'ok' | 'err' | 'skipped', tone: Tone, word: string][] = [
  ['ok', 'ok', 'ok'],
  ['err', 'err', 'failed'],
  ['skipped', 'skipped', 'skipped'],
];

function Counts({ counts }: { counts: NonNullable<RunSummary['counts']> }) {
  return (
    <span class="counts row fine">
      {COUNTED.filter(([name]) => counts[name] > 0).map(([name, tone, word]) => (
        <span key={name} class={`tone-${tone}`} title={`${countWords(counts[name])} ${word}`}>
          <Shape tone={tone} size={10} />
          <span class="number">{countWords(counts[name])}</span>
          <span class="out-of-sight"> {word}</span>
        </span>
      ))}
    </span>
  );
}
