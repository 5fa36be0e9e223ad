import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ColumnView, TableView } from '../../../operations/values/table-view';
import type { ValueView } from '../../../operations/values/value-view';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';
import { ErrorBox, Skeleton } from '../ui/states';
import { JsonTree } from '../ui/tree';
import { countWords, sizeWords } from '../words';

/** A value in its own form: JSON, text, an image, a table, bytes, or the reason why it cannot be shown. */
export function ValuePreview({
  hash,
  run,
  height = 320,
}: {
  hash: string;
  run?: string;
  /** Maximum height in pixels. */ height?: number;
}): JSX.Element {
  const [from, setFrom] = useState(0);
  const { value, error, reload } = useAnswer('values.show', { hash, runId: run, from: from || undefined });
  if (value) return <Preview value={value} height={height} onFrom={setFrom} />;
  if (error) return <ErrorBox error={error} onRetry={reload} />;
  return <Skeleton rows={3} height={22} />;
}

function Preview({
  value,
  height,
  onFrom,
}: {
  value: ValueView;
  height: number;
  onFrom: (row: number) => void;
}): JSX.Element {
  switch (value.form) {
    case 'json':
      return (
        <figure class="value">
          {isPlain(value.json) ? (
            <pre class="value-text">{shownText(JSON.stringify(value.json))}</pre>
          ) : (
            <JsonTree json={value.json} label={`Value ${value.hash.slice(0, 8)}`} height={height} />
          )}
          <Foot value={value} isCut={value.truncated} text={() => JSON.stringify(value.json, null, 2)} />
        </figure>
      );
    case 'text':
      return (
        <figure class="value">
          <pre class="value-text" style={{ maxHeight: `${height}px` }} tabIndex={0} aria-label="Text">
            {shownText(value.text)}
          </pre>
          <Foot value={value} isCut={value.truncated} text={() => value.text} />
        </figure>
      );
    case 'image':
      return (
        <figure class="value">
          {/^image\/(png|jpeg|gif|webp|avif)$/u.test(value.mediaType) ? (
            <img
              class="value-image"
              src={`data:${value.mediaType};base64,${value.base64.replace(/[^A-Za-z0-9+/=]/gu, '')}`}
              alt={`Value ${value.hash.slice(0, 8)}`}
              style={{ maxHeight: `${height}px` }}
            />
          ) : (
            <p class="muted">An image of the type {shownText(value.mediaType)}, which is not shown here.</p>
          )}
          <Foot value={value} isCut={false} />
        </figure>
      );
    case 'table':
      return (
        <figure class="value">
          <Table table={value.table} height={height} onFrom={onFrom} />
          <Foot value={value} isCut={false} />
        </figure>
      );
    case 'bytes':
      return (
        <figure class="value">
          <pre class="value-text" style={{ maxHeight: `${height}px` }} tabIndex={0} aria-label="Bytes">
            {hexLines(value.hex)}
          </pre>
          <Foot value={value} isCut={value.hex.length / 2 < value.size} />
        </figure>
      );
    case 'none':
      return (
        <p class="value-none">
          <code>{value.code}</code> {shownText(value.message)}
        </p>
      );
  }
}

const isPlain = (json: unknown): boolean => typeof json !== 'object' || json === null;

function Foot({
  value,
  isCut,
  text,
}: {
  value: { readonly size: number };
  isCut: boolean;
  text?: () => string;
}): JSX.Element {
  return (
    <figcaption class="value-foot">
      <span>{sizeWords(value.size)}</span>
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

function Table({
  table,
  height,
  onFrom,
}: {
  table: TableView;
  height: number;
  onFrom: (row: number) => void;
}): JSX.Element {
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
              <th scope="col" class="value-row">
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
                <th scope="row" class="value-row">
                  {from + index}
                </th>
                {row.map((cell, at) => (
                  <td key={at} class={typeof cell === 'number' ? 'number' : undefined}>
                    {cell === null ? (
                      <span class="muted">–</span>
                    ) : (
                      shownText(typeof cell === 'string' ? cell : JSON.stringify(cell)).slice(0, 200)
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {(from > 0 || last < rows) && (
        <div class="value-pages">
          <Button isDisabled={from === 0} onClick={() => onFrom(Math.max(0, from - 100))}>
            Earlier rows
          </Button>
          <span class="muted">
            {countWords(from + 1)}–{countWords(last)} of {countWords(rows, 'row')}
          </span>
          <Button isDisabled={last >= rows} onClick={() => onFrom(last)}>
            Later rows
          </Button>
        </div>
      )}
    </>
  );
}

/** Name, type and distribution of a column's values. */
function Column({ column, rows }: { column: ColumnView; rows: number }): JSX.Element {
  const { name, type, missing, distinct, min, max, mean, histogram, top } = column;
  const about = [
    ...(min === undefined ? [] : [`${short(min)} to ${short(max)}`]),
    ...(mean === undefined ? [] : [`mean ${short(mean)}`]),
    ...(distinct === undefined ? [] : [`${countWords(distinct)} distinct`]),
    ...(missing > 0 ? [`${countWords(missing)} missing`] : []),
  ].join(', ');
  return (
    <span class="value-column" title={about}>
      <span class="value-name">{shownText(name)}</span>
      <span class="muted">{type}</span>
      {histogram ? (
        <Sparkline counts={histogram} label={about} />
      ) : (
        top && (
          <span
            class="value-top"
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

function Sparkline({ counts, label }: { counts: readonly number[]; label: string }): JSX.Element {
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
