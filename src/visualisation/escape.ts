/** Writes invisible, reordering and, in XML, forbidden characters of outside texts as `\u001b`. */

const UNSEEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function seen(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(UNSEEN, (found) =>
      found.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    );
}

export function seenLine(text: string): string {
  return seen(text)
    .replace(/[\n\t ]+/g, ' ')
    .trim();
}

/** Cuts a text to at most `limit` characters, without splitting any. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const characters = [...text.slice(0, limit + 1)];
  while (characters.join('').length > limit - 1) characters.pop();
  return `${characters.join('')}…`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function xml(text: string): string {
  return seen(text).replace(/[&<>"']/g, (found) => ENTITIES[found]!);
}
