import { h, type ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { shownText } from '../shown-text';
import { Button, Segmented } from '../ui/button';
import { Search } from '../ui/field';
import { atLeast, countWords } from '../words';
import { looksLikeMarkdown, markdownOf, type MarkdownNode } from './markdown';
import { Pages, type Part } from './pages';

const MOST_FOUND = 1_000;
/** Characters of an answer. */
const STEP = 256 * 1024;

interface ValueTextProps {
  text: string;
  mediaType?: string;
  /** Whether the text goes on behind this part. */
  isCut: boolean;
  height: number;
  part: Part;
  onPart?: (part: Part) => void;
}

/** A text, with a search in what is shown; Markdown as its author meant it, too. */
export function ValueText({ text, mediaType, isCut, height, part, onPart }: ValueTextProps) {
  const isMarkdown = /^text\/(?:x-)?markdown\b/i.test(mediaType ?? '');
  const [isRendered, setRendered] = useState(isMarkdown);
  const [search, setSearch] = useState('');
  const [wanted, setWanted] = useState(0);
  const box = useRef<HTMLPreElement>(null);
  const shown = useMemo(() => shownText(text), [text]);
  const mayBeMarkdown = useMemo(() => isMarkdown || looksLikeMarkdown(shown), [shown]);
  const found = useMemo(() => placesOf(shown, search), [shown, search]);
  const at = Math.max(0, Math.min(wanted, found.length - 1));
  const now = found[at];
  useEffect(() => box.current?.querySelector('mark.now')?.scrollIntoView({ block: 'nearest' }), [now]);
  const walk = (by: number): void => setWanted((at + by + found.length) % Math.max(1, found.length));
  const nodes = useMemo(() => isRendered && markdownOf(shown).map(nodeOf), [isRendered, shown]);
  const { from = 0 } = part;
  return (
    <>
      {(mayBeMarkdown || shown.length > 400) && (
        <form
          class="value-bar row wrap"
          role="search"
          aria-label="Text"
          onSubmit={(event) => event.preventDefault()}
        >
          {mayBeMarkdown && (
            <Segmented
              label="Form of the text"
              choices={[
                ['source', 'Source'],
                ['rendered', 'Markdown'],
              ]}
              chosen={isRendered ? 'rendered' : 'source'}
              onChoose={(chosen) => setRendered(chosen === 'rendered')}
            />
          )}
          {!isRendered && (
            <>
              <Search
                label="Find in the text"
                value={search}
                onChange={(text) => {
                  setSearch(text);
                  setWanted(0);
                }}
                onKeyDown={(event) => event.key === 'Enter' && walk(event.shiftKey ? -1 : 1)}
              />
              <Button kind="quiet" icon="up" label="Previous" isDisabled={!now} onClick={() => walk(-1)} />
              <Button kind="quiet" icon="down" label="Next" isDisabled={!now} onClick={() => walk(1)} />
              <span class="muted fine" role="status">
                {search !== '' && (now ? whereWords(shown, found, at) : 'Not in this text')}
              </span>
            </>
          )}
        </form>
      )}
      {isRendered ? (
        <div
          class="value-text"
          style={{ maxHeight: `${height}px` }}
          tabIndex={0}
          role="region"
          aria-label="Text"
        >
          <div class="markdown">{nodes}</div>
        </div>
      ) : (
        <pre
          class="value-text break"
          ref={box}
          style={{ maxHeight: `${height}px` }}
          tabIndex={0}
          aria-label="Text"
        >
          {found.map(([start, end], index) => (
            <>
              {shown.slice(found[index - 1]?.[1] ?? 0, start)}
              <mark class={index === at ? 'now' : undefined}>{shown.slice(start, end)}</mark>
            </>
          ))}
          {shown.slice(found.at(-1)?.[1] ?? 0)}
        </pre>
      )}
      {onPart && (from > 0 || isCut) && (
        <Pages from={from} to={from + text.length} step={STEP} hasMore={isCut} onPart={onPart}>
          characters {countWords(from + 1)}–{countWords(from + text.length)}
        </Pages>
      )}
    </>
  );
}

const nodeOf = (node: MarkdownNode): ComponentChildren =>
  typeof node === 'string' ? node : h(node.tag, node.attributes, node.children.map(nodeOf));

type Found = readonly (readonly [start: number, end: number])[];

/** The search is a text, not a pattern. */
function placesOf(text: string, search: string): Found {
  const found: [number, number][] = [];
  if (search === '') return found;
  for (const match of text.matchAll(new RegExp(search.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'giu'))) {
    if (found.push([match.index, match.index + match[0].length]) === MOST_FOUND) break;
  }
  return found;
}

function whereWords(text: string, found: Found, at: number): string {
  const line = text.slice(0, found[at]![0]).split('\n').length;
  const count = atLeast(found.length, found.length === MOST_FOUND);
  return `${countWords(at + 1)} of ${count}, line ${countWords(line)}`;
}
