/** A part of Markdown: a text, or an element with a tag and attributes that are named in this file. */
export type MarkdownNode = string | MarkdownElement;
interface MarkdownElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly MarkdownNode[];
}

const h = (
  tag: string,
  attributes: MarkdownElement['attributes'] | null,
  ...children: (MarkdownNode | readonly MarkdownNode[])[]
): MarkdownElement => ({ tag, attributes: attributes ?? {}, children: children.flat() });

/**
 * The parts of a text in Markdown. HTML stays text, images become links, and a link leads to http, https or mailto
 * only. Patterns have bounds, as a text may be made to be slow.
 */
export function markdownOf(text: string): readonly MarkdownNode[] {
  return blocksOf(text.split('\n'), 0);
}

/** Whether a text has headings, lists, links or code as Markdown writes them. */
export function looksLikeMarkdown(text: string): boolean {
  return /^(?:#{1,6} \S|[-*+] \S|\d{1,9}[.)] \S|```)|\[[^[\]\n]{1,400}\]\([^()\s]{1,2000}\)/m.test(text);
}

/** Quotes and lists that are nested deeper stay text. */
const DEEPEST = 10;
const FENCE = /^ {0,3}(```+|~~~+)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)[\s#]*$/;
const RULE = /^ {0,3}(?:-[ -]{2,}|\*[ *]{2,}|_[ _]{2,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,3}(?:[-*+]|(\d{1,9})[.)])\s{1,4})(?=\S)/;
const DIVIDER = /^ {0,3}\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?$/;

function blocksOf(lines: readonly string[], depth: number): MarkdownNode[] {
  const blocks: MarkdownNode[] = [];
  let at = 0;
  /** The lines from here on while `is` holds. */
  const take = (is: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && is(lines[at]!)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line);
    const item = depth < DEEPEST ? ITEM.exec(line) : null;
    if (line.trim() === '') at += 1;
    else if (fence !== undefined) {
      at += 1;
      const code = take((next) => !next.trimStart().startsWith(fence)).join('\n');
      blocks.push(h('pre', { class: 'sunken', tabIndex: 0 }, code));
      at += 1;
    } else if (heading) {
      at += 1;
      // The page has the first level itself.
      blocks.push(h(`h${Math.min(6, heading[1]!.length + 1)}`, null, inline(heading[2]!)));
    } else if (RULE.test(line)) {
      at += 1;
      blocks.push(h('hr', null));
    } else if (QUOTE.test(line) && depth < DEEPEST) {
      const quoted = take((next) => QUOTE.test(next)).map((next) => next.replace(QUOTE, ''));
      blocks.push(h('blockquote', null, blocksOf(quoted, depth + 1)));
    } else if (item) {
      const items: MarkdownNode[] = [];
      for (let next = item; next; next = ITEM.exec(lines[at] ?? '')!) {
        if ((next[2] === undefined) !== (item[2] === undefined)) break;
        const width = next[1]!.length;
        const first = lines[at]!.slice(width);
        at += 1;
        const rest = take((one) => one.trim() === '' || /^(?: {2,}|\t)/.test(one));
        const inner = rest.map((one) => one.replace(/^\t/, '').slice(leading(one, width)));
        const isShort = rest.every((one) => one.trim() === '');
        items.push(h('li', null, isShort ? inline(first) : blocksOf([first, ...inner], depth + 1)));
      }
      const start = item[2];
      blocks.push(start === undefined ? h('ul', null, items) : h('ol', { start: Number(start) }, items));
    } else if (line.includes('|') && DIVIDER.test(lines[at + 1] ?? '')) {
      const [head, , ...rows] = take((next) => next.includes('|')).map(cellsOf);
      const row = (cells: readonly string[], cell: 'th' | 'td'): MarkdownNode =>
        h(
          'tr',
          null,
          cells.map((text) => h(cell, null, inline(text))),
        );
      const table = h(
        'table',
        { class: 'table' },
        row(head!, 'th'),
        rows.map((cells) => row(cells, 'td')),
      );
      blocks.push(h('div', { class: 'wide', tabIndex: 0, role: 'region', 'aria-label': 'Table' }, table));
    } else {
      at += 1;
      const isText = (next: string): boolean =>
        next.trim() !== '' && ![FENCE, HEADING, RULE, QUOTE, ITEM].some((block) => block.test(next));
      blocks.push(h('p', null, inline([line, ...take(isText)].join('\n'))));
    }
  }
  return blocks;
}

/** How many spaces at the beginning belong to the item of a list. */
const leading = (line: string, most: number): number => Math.min(most, line.search(/[^ ]|$/));

function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

const INLINE = new RegExp(
  [
    /\\(?<escaped>[!-/:-@[-`{-~])/,
    /(?<ticks>`{1,5})(?<code>[^`](?:[^]{0,1000}?[^`])?)\k<ticks>(?!`)/,
    /(?<image>!?)\[(?<words>[^[\]]{0,400})\]\(\s{0,9}<?(?<to>[^\s()<>]{1,2000})>?(?:\s{1,9}"[^"]{0,400}")?\s{0,9}\)/,
    /<(?<auto>(?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/,
    /(?<twice>\*\*|(?<!\w)__)(?=\S)(?<strong>[^]{0,400}?\S)\k<twice>/,
    /(?<once>\*|(?<!\w)_)(?=[^\s*_])(?<emphasis>[^]{0,400}?\S)\k<once>(?!\w)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

function inline(text: string): MarkdownNode[] {
  const parts: MarkdownNode[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    const { escaped, code, image, words, to = match.groups!['auto'], strong, emphasis } = match.groups!;
    if (escaped !== undefined) parts.push(escaped);
    else if (code !== undefined) parts.push(h('code', null, code));
    else if (strong !== undefined) parts.push(h('strong', null, inline(strong)));
    else if (emphasis !== undefined) parts.push(h('em', null, inline(emphasis)));
    else if (to !== undefined && /^(?:https?:\/\/|mailto:)/i.test(to))
      parts.push(
        h(
          'a',
          { class: 'link', href: to, title: to, target: '_blank', rel: 'noopener noreferrer' },
          image ? 'image: ' : '',
          words ? inline(words) : [to],
        ),
      );
    else parts.push(match[0]);
  }
  return [...parts, text.slice(from)];
}
