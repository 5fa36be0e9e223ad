import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { cellText } from '../../../values/cell-text';
import type { ColumnView, TableView } from '../../../operations/values/table-view';
import type { TableFileAsk } from '../../../operations/tables/download';
import { shownText } from '../shown-text';
import { source } from '../app';
import { asSourceError } from '../source/source-error';
import { Button } from '../ui/button';
import { Search } from '../ui/field';
import { Icon } from '../ui/icons';
import { Muted, none } from '../ui/table';
import { toast } from '../ui/toast';
import { countWords, shortHash } from '../words';
import { Pages, type Part } from './pages';

const STEP = 100;
type Form = TableFileAsk['as'];
const FORMS: readonly (readonly [Form, string])[] = [
  ['csv', 'CSV'],
  ['parquet', 'Parquet'],
  ['arrow', 'Arrow'],
];

interface ValueTableProps {
  hash: string;
  run?: string;
  table: TableView;
  height: number;
  part: Part;
  /** A function that asks for other rows; absent if only these are there. */
  onPart?: (part: Part) => void;
}

/** A list of records: the server sorts and filters all rows, and sends a hundred. */
export function ValueTable({ hash, run, table, height, part, onPart }: ValueTableProps) {
  const { columns, cells, rows, from, indexes, scanned = rows, sampled } = table;
  const { matching = scanned } = table;
  const { sort, descending, filter = '' } = part;
  const [isBusy, setBusy] = useState<Form>();
  const isList = table.isChecked === undefined;
  const last = from + cells.length;
  /** From the order as made to ascending, to descending, and back. */
  const nextSort = (name: string): Part =>
    name !== sort ? { sort: name } : descending ? {} : { sort: name, descending: true };
  /** The server writes a whole table; of a list, the rows as sorted and filtered are gathered here. */
  const download = async (as: Form): Promise<void> => {
    setBusy(as);
    try {
      const file = isList
        ? new Blob([await csvOf({ hash, runId: run, ...part })], { type: 'text/csv' })
        : await source().tableFile({ hash, runId: run, as });
      save(file, `${shortHash(hash)}.${as}`);
    } catch (error) {
      toast(asSourceError(error).message, 'err');
    }
    setBusy(undefined);
  };
  return (
    <>
      <div class="value-bar row wrap">
        {onPart && (
          <Search
            label="Rows that contain"
            value={filter}
            onChange={(text) => onPart({ sort, descending, filter: text || undefined })}
          />
        )}
        <span class="muted fine grow" role="status">
          {filter === ''
            ? countWords(rows, 'row')
            : `${countWords(matching)} of ${scanned < rows ? 'the first ' : ''}${countWords(scanned, 'row')}`}
          {filter === '' && scanned < rows && `, the first ${countWords(scanned)} sorted`}
          {sampled !== undefined && `; distinct and histograms of the first ${countWords(sampled)}`}
        </span>
        {onPart &&
          (isList ? FORMS.slice(0, 1) : FORMS).map(([as, label]) => (
            <Button key={as} isBusy={isBusy === as} onClick={() => void download(as)}>
              Download {label}
            </Button>
          ))}
      </div>
      <div
        class="value-table"
        style={{ maxHeight: `${height}px` }}
        tabIndex={0}
        role="region"
        aria-label="Rows of the table"
      >
        <table>
          <thead>
            <tr>
              <th scope="col" class="muted number right">
                <span class="out-of-sight">Row</span>
              </th>
              {columns.map((column) => (
                <th
                  key={column.name}
                  scope="col"
                  aria-sort={column.name !== sort ? undefined : descending ? 'descending' : 'ascending'}
                >
                  <Column column={column} rows={rows}>
                    {onPart ? (
                      <button
                        type="button"
                        class="sort bare-button inline mono"
                        onClick={() => onPart({ filter: part.filter, ...nextSort(column.name) })}
                      >
                        {shownText(column.name)}
                        {column.name === sort && <Icon name={descending ? 'down' : 'up'} size={12} />}
                      </button>
                    ) : (
                      <span class="mono">{shownText(column.name)}</span>
                    )}
                  </Column>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map((row, index) => (
              <tr key={from + index}>
                <th scope="row" class="muted number right">
                  {indexes?.[index] ?? from + index}
                </th>
                {row.map((cell, at) => (
                  <td key={at} class={typeof cell === 'number' ? 'number right' : 'cut'}>
                    {cell === null ? none : shownText(cellText(cell)).slice(0, 200)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {onPart && (from > 0 || last < matching) && (
        <Pages
          from={from}
          to={last}
          step={STEP}
          hasMore={last < matching}
          onPart={({ from: next }) => onPart({ ...part, from: next })}
        >
          {countWords(from + 1)}–{countWords(last)} of {countWords(matching, 'row')}
        </Pages>
      )}
    </>
  );
}

/** The rows as sorted and filtered, with all columns and exact cells. */
async function csvOf(ask: Part & { hash: string; runId?: string }): Promise<string> {
  let text = '';
  for (;;) {
    const part = await source().ask('values.show', { ...ask, as: 'csv', from: text.length });
    if (part.form !== 'text')
      throw new Error(part.form === 'none' ? part.message : 'It is no table any more.');
    text += part.text;
    if (!part.truncated) return text;
  }
}

function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

interface ColumnProps {
  column: ColumnView;
  rows: number;
  children: ComponentChildren;
}

function Column({ column, rows, children }: ColumnProps) {
  const { type, columnType = type, missing = 0, distinct, min, max, mean, histogram, top } = column;
  const about = [
    ...(min === undefined ? [] : [`${short(min)} to ${short(max)}`]),
    ...(mean === undefined ? [] : [`mean ${short(mean)}`]),
    ...(distinct === undefined ? [] : [`${countWords(distinct)} distinct`]),
    ...(missing > 0 ? [`${countWords(missing)} missing`] : []),
  ].join(', ');
  return (
    <span class="value-column column" title={about}>
      {children}
      <Muted>
        {columnType}
        {missing > 0 && columnType !== type && ` · ${countWords(missing)} missing`}
      </Muted>
      {histogram ? (
        <Sparkline counts={histogram} label={about} />
      ) : (
        top && (
          <span
            class="value-top column"
            role="img"
            aria-label={top.map(([text, count]) => `${text}: ${count}`).join(', ')}
          >
            {top.slice(0, 5).map(([text, count]) => (
              <i key={text} style={{ width: `${Math.max(2, (count / Math.max(1, rows)) * 72)}px` }} />
            ))}
          </span>
        )
      )}
    </span>
  );
}

const short = (value: number | string | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : shownText(String(value)).slice(0, 16);

function Sparkline({ counts, label }: { counts: readonly number[]; label: string }) {
  const most = Math.max(1, ...counts);
  const width = 72 / Math.max(1, counts.length);
  return (
    <svg class="value-spark" viewBox="0 0 72 18" width="72" height="18" role="img" aria-label={label}>
      {counts.map((count, index) => {
        const high = count === 0 ? 0 : Math.max(1, (count / most) * 18);
        return <rect key={index} x={index * width} y={18 - high} width={width - 1} height={high} />;
      })}
    </svg>
  );
}
