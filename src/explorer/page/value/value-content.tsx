import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ValueView } from '../../../operations/values/value-view';
import { formatBytes } from '../../../visualisation/words';
import { inFragment } from '../router';
import { shownText } from '../shown-text';
import { useAnswer } from '../store';
import { Button } from '../ui/button';
import { copy } from '../ui/copy';
import { Answered } from '../ui/page';
import { JsonTree } from '../ui/tree';
import type { Part } from './pages';
import { ValueTable } from './value-table';
import { ValueText } from './value-text';

export interface ValueProps {
  hash: string;
  run?: string;
  /** Maximum height in pixels. */ height?: number;
}

/** A value in its own form: JSON, text, an image, a table, bytes, or the reason why it cannot be shown. */
export function ValueContent(props: ValueProps) {
  return <Preview key={props.hash} {...props} />;
}

function Preview({ hash, run, height = 320 }: ValueProps) {
  const [part, setPart] = useState<Part>({});
  const [as, setAs] = useState<'json'>();
  const answer = useAnswer('values.show', { hash, runId: run, ...(as ? { as } : part) });
  const last = useRef<ValueView>();
  // While other rows are asked for, the field of the filter stays.
  const value = (last.current = answer.value ?? last.current);
  return (
    <Answered answer={{ ...answer, value }} isQuiet={answer.value !== undefined} rows={3} height={22}>
      {(value) =>
        value.form === 'none' ? (
          <NotShown {...value} />
        ) : (
          <figure class="value box column">
            <Content {...{ value, run, height, part }} onPart={inFragment ? undefined : setPart} />
            <Foot value={value} isBeginning={part.from === undefined}>
              {(value.form === 'table' || as) && !inFragment && (
                <Button kind="quiet" isPressed={as === 'json'} onClick={() => setAs(as ? undefined : 'json')}>
                  As JSON
                </Button>
              )}
            </Foot>
          </figure>
        )
      }
    </Answered>
  );
}

export function NotShown({ code, message }: { code: string; message: string }) {
  return (
    <p class="value-none box muted">
      <code>{code}</code> {shownText(message)}
    </p>
  );
}

type ShownValue = Exclude<ValueView, { form: 'none' }>;

interface ContentProps {
  value: ShownValue;
  run?: string;
  height: number;
  part: Part;
  onPart?: (part: Part) => void;
}

function Content({ value, ...rest }: ContentProps) {
  const { height } = rest;
  switch (value.form) {
    case 'json':
      return isPlain(value.json) ? (
        <pre class="value-text break">{shownText(JSON.stringify(value.json))}</pre>
      ) : (
        <JsonTree json={value.json} label={`Value ${value.hash.slice(0, 8)}`} height={height} />
      );
    case 'text':
      return <ValueText text={value.text} mediaType={value.mediaType} isCut={value.truncated} {...rest} />;
    case 'image':
      return <Picture {...value} height={height} />;
    case 'table':
      return <ValueTable hash={value.hash} table={value.table} {...rest} />;
    case 'bytes':
      return (
        <pre class="value-text break" style={{ maxHeight: `${height}px` }} tabIndex={0} aria-label="Bytes">
          {hexLines(value.hex)}
        </pre>
      );
  }
}

type PictureProps = Extract<ShownValue, { form: 'image' }> & { height: number };

function Picture({ hash, mediaType, base64, height }: PictureProps) {
  const [size, setSize] = useState<string>();
  if (!/^image\/(png|jpeg|gif|webp|avif)$/u.test(mediaType))
    return <p class="muted">An image of the type {shownText(mediaType)}, which is not shown here.</p>;
  if (size === '')
    return (
      <p class="value-text tone-err">A broken image: it begins as {mediaType} does, and cannot be read.</p>
    );
  return (
    <>
      <img
        class="value-image"
        src={`data:${mediaType};base64,${base64.replace(/[^A-Za-z0-9+/=]/gu, '')}`}
        alt={`Value ${hash.slice(0, 8)}`}
        style={{ maxHeight: `${height}px` }}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setSize(`${naturalWidth} × ${naturalHeight} pixels`)
        }
        onError={() => setSize('')}
      />
      {size !== undefined && <p class="muted fine">{size}</p>}
    </>
  );
}

const isPlain = (json: unknown): boolean => typeof json !== 'object' || json === null;

interface FootProps {
  value: ShownValue;
  isBeginning: boolean;
  children: ComponentChildren;
}

function Foot({ value, isBeginning, children }: FootProps) {
  const text =
    value.form === 'json'
      ? () => JSON.stringify(value.json, null, 2)
      : value.form === 'text'
        ? () => value.text
        : undefined;
  const isCut =
    value.form === 'bytes'
      ? value.hex.length / 2 < value.size
      : value.form === 'table'
        ? inFragment && value.table.cells.length < value.table.rows
        : value.form !== 'image' && value.truncated;
  return (
    <figcaption class="value-foot row between muted fine">
      <span>{formatBytes(value.size)}</span>
      {isCut && isBeginning && <span>The beginning of it</span>}
      {children}
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
