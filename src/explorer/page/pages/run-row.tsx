import { href, type Place } from '../router';
import { nameOfLine, type RunLine } from '../run-tree';
import { Tag } from '../ui/chip';
import { Outcome, RunOutcome, STATUS_TONES } from '../ui/outcome';
import { countWords } from '../words';
import { RUN_COLUMNS } from './run-columns';

interface RunRowProps {
  line: RunLine;
  columns: readonly string[];
  isFirst: boolean;
  isMarked: boolean;
  onFocus: () => void;
  onFold: () => void;
}

export function placeOfLine({ whole }: RunLine): Place {
  return 'runId' in whole ? { page: 'run', run: whole.runId } : { page: 'streams', stream: whole.stream };
}

export function RunRow({ line, columns, isFirst, isMarked, onFocus, onFold }: RunRowProps) {
  const { run, depth, parts, isOpen } = line;
  const name = nameOfLine(line);
  return (
    <div class="run-line row" style={{ paddingLeft: `${depth * 20}px` }}>
      {parts > 0 ? (
        <button
          type="button"
          class="run-fold bare-button muted"
          aria-expanded={isOpen}
          aria-label={`Runs of ${name}`}
          onClick={onFold}
        >
          {isOpen ? '▾' : '▸'}
        </button>
      ) : (
        <span class="run-fold" />
      )}
      <a
        class={`pick lined run-row row${isMarked ? ' marked' : ''}`}
        href={href(placeOfLine(line))}
        tabIndex={isFirst ? 0 : -1}
        onFocus={onFocus}
      >
        <span class="run-status">
          {run && <RunOutcome status={run.status} isUnbegun={run.started === false} isBare />}
        </span>
        <span class="run-name row">
          <span class="cut" title={name}>
            {isMarked && <span class="mark">marked </span>}
            {name}
          </span>
          {parts > 0 && <Parts {...line} />}
          {run?.error && (
            <span class="run-error cut fine" title={`${run.error.type}: ${run.error.message}`}>
              {run.error.message}
            </span>
          )}
          {!columns.includes('tags') && run?.tags.slice(0, 3).map((tag) => <Tag key={tag}>{tag}</Tag>)}
        </span>
        {columns.map((column) => {
          const { cell, text, look = '' } = RUN_COLUMNS[column]!;
          return (
            <span key={column} class={`run-${column} ${look}`} title={run && text?.(run)}>
              {run && cell(run)}
            </span>
          );
        })}
      </a>
    </div>
  );
}

/** The number of runs below this row, and their worst status. */
function Parts({ parts, worst, worstCount }: RunLine) {
  const count = parts === worstCount ? '' : ` ${countWords(worstCount)}`;
  return (
    <span class="run-parts row fine muted">
      {countWords(parts, 'run')},
      <Outcome tone={STATUS_TONES[worst!]} word={`${count} ${worst}`.trim()} isBare />
    </span>
  );
}
