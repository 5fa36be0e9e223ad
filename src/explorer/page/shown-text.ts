/** Replaces characters that are invisible or reorder text. Markup needs no escaping, as all texts are text nodes. */
export function shownText<Text extends string | undefined>(text: Text): Text {
  return text?.replace(
    /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    '�',
  ) as Text;
}

/** Cuts out the middle of a long text: ids that begin alike differ at their end. */
export function shortened(text: string, length: number): string {
  const room = Math.max(1, Math.floor(length));
  if (text.length <= room) return text;
  if (room < 3) return '…';
  const end = Math.floor((room - 1) * 0.55);
  return `${text.slice(0, room - 1 - end)}…${text.slice(text.length - end)}`;
}
