import { formatBytes } from '../../../visualisation/words';
import { useState } from 'preact/hooks';
import type { ColumnView, TableView } from '../../../operations/values/table-view';
import type { ValueView } from '../../../operations/values/value-view';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';
import { Answered } from '../ui/page';
import { Muted, none } from '../ui/table';
import { JsonTree } from '../ui/tree';
import { countWords } from '../words';

/** A value in its own form: JSON, text, an image, a table, bytes, or the reason why it cannot be shown. */
export function ValuePreview(props: {
  hash: string;
  run?: string;
  /** Maximum height in pixels. */ height?: number;
}) {
  const { hash, run, height = 320 } = props;
  const [from, setFrom] = useState(0);
  const answer = useAnswer('values.show', { hash, runId: run, from: from || undefined });
  return (
    <Answered answer={answer} isQuiet rows={3} height={22}>
      {(value) =>
        value.form === 'none' ? (
          <p class="value-none box muted">
            <code>{value.code}</code> {shownText(value.message)}
          </p>
        ) : (
          <figure class="value box column">
            <Content value={value} height={height} onFrom={setFrom} />
            <Foot value={value} />
          </figure>
        )
      }
    </Answered>
  );
}

type ShownValue = Exclude<ValueView, { form: 'none' }>;

interface ContentProps {
  value: ShownValue;
  height: number;
  onFrom: (row: number) => void;
}

function Content({ value, height, onFrom }: ContentProps) {
  const text = (label: string, content: string) => (
    <pre class="value-text break" style={{ maxHeight: `${height}px` }} tabIndex={0} aria-label={label}>
      {content}
    </pre>
  );
  switch (value.form) {
    case 'json':
      return isPlain(value.json) ? (
        <pre class="value-text break">{shownText(JSON.stringify(value.json))}</pre>
      ) : (
        <JsonTree json={value.json} label={`Value ${value.hash.slice(0, 8)}`} height={height} />
      );
    case 'text':
      return text('Text', shownText(value.text));
    case 'image':
      return /^image\/(png|jpeg|gif|webp|avif)$/u.test(value.mediaType) ? (
        <img
          class="value-image"
          src={`data:${value.mediaType};base64,${value.base64.replace(/[^A-Za-z0-9+/=]/gu, '')}`}
          alt={`Value ${value.hash.slice(0, 8)}`}
          style={{ maxHeight: `${height}px` }}
        />
      ) : (
        <p class="muted">An image of the type {shownText(value.mediaType)}, which is not shown here.</p>
      );
    case 'table':
      return <Table table={value.table} height={height} onFrom={onFrom} />;
    case 'bytes':
      return text('Bytes', hexLines(value.hex));
  }
}

const isPlain = (json: unknown): boolean => typeof json !== 'object' || json === null;

function Foot({ value }: { value: ShownValue }) {
  const text =
    value.form === 'json'
      ? () => JSON.stringify(value.json, null, 2)
      : value.form === 'text'
        ? () => value.text
        : undefined;
  const isCut =
    value.form === 'bytes'
      ? value.hex.length / 2 < value.size
      : (value.form === 'json' || value.form === 'text') && value.truncated;
  return (
    <figcaption class="value-foot row between muted fine">
      <span>{formatBytes(value.size)}</span>
      {isCut && <span>The beginning of it</span>}
      {text && (
        <Button kind="quiet" icon="copy" label="Copy the value" onClick={() => copy(text(), 'Value')} />
      )}
    </figcaption>
  );
}

function hexLines(hex: string): string {
  const lines: string[] = [];
  for (let at = 0; at < hex.length && lines.length < 512; at += 32) {
    const pairs = hex.slice(at, at + 32).match(/../gu) ?? [];
    const letters = pairs.map((pair) => {
      const code = Number.parseInt(pair, 16);
      return code >= 32 && code < 127 ? String.fromCharCode(code) : '.';
    });
    lines.push(
      `${(at / 2).toString(16).padStart(6, '0')}  ${pairs.join(' ').padEnd(48)} ${letters.join('')}`,
    );
  }
  return lines.join('\n');
}

interface RowsProps {
  table: TableView;
  height: number;
  onFrom: (row: number) => void;
}

function Table({ table, height, onFrom }: RowsProps) {
  const { columns, cells, rows, from } = table;
  const last = from + cells.length;
  return (
    <>
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
                <th key={column.name} scope="col">
                  <Column column={column} rows={rows} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map((row, index) => (
              <tr key={from + index}>
                <th scope="row" class="muted number right">
                  {from + index}
                </th>
                {row.map((cell, at) => (
                  <td key={at} class={typeof cell === 'number' ? 'number right' : 'cut'}>
                    {cell === null
                      ? none
                      : shownText(typeof cell === 'string' ? cell : JSON.stringify(cell)).slice(0, 200)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(from > 0 || last < rows) && (
        <div class="value-pages row between fine">
          <Button isDisabled={from === 0} onClick={() => onFrom(Math.max(0, from - 100))}>
            Earlier rows
          </Button>
          <Muted>
            {countWords(from + 1)}–{countWords(last)} of {countWords(rows, 'row')}
          </Muted>
          <Button isDisabled={last >= rows} onClick={() => onFrom(last)}>
            Later rows
          </Button>
        </div>
      )}
    </>
  );
}

function Column({ column, rows }: { column: ColumnView; rows: number }) {
  const { name, type, missing, distinct, min, max, mean, histogram, top } = column;
  const about = [
    ...(min === undefined ? [] : [`${short(min)} to ${short(max)}`]),
    ...(mean === undefined ? [] : [`mean ${short(mean)}`]),
    ...(distinct === undefined ? [] : [`${countWords(distinct)} distinct`]),
    ...(missing > 0 ? [`${countWords(missing)} missing`] : []),
  ].join(', ');
  return (
    <span class="value-column column" title={about}>
      <span class="mono">{shownText(name)}</span>
      <Muted>{type}</Muted>
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
