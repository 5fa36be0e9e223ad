/** Control characters, and characters that reorder or hide text. */
const HIDDEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;
/** Characters of Markdown. An underscore inside a word is not markup. */
const ACTIVE = /[\\`*[\]&|~#!]|(?<!\w)_|_(?!\w)|^[-+]|(?<=^\d+)[.)]|:(?=\/\/)|(?<=www)\.|(?<=\w)@/gi;

/**
 * Makes a text from outside safe for Temporal's UI, which shows Markdown: one line without markup, links or HTML.
 * Each character takes at most four bytes, or as many as it had.
 */
export function plainMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(HIDDEN, '\uFFFD')
    .replace(ACTIVE, '\\$&')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
