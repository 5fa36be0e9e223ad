/** Replaces characters that are invisible or reorder text. Markup needs no escaping: all are text nodes. */
export function shownText<Text extends string | undefined>(text: Text): Text {
  return text?.replace(
    /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    '�',
  ) as Text;
}
