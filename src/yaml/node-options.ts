import { dataset } from '../authoring';
import { readDispatcher } from './dispatchers';
import { SAYABLE } from './option-shapes';

type Fields = Readonly<Record<string, unknown>>;

/** Error policies by their names in pirn's documents. */
export const POLICIES: Readonly<Record<string, string>> = {
  skip_if_parent_failed: 'skipIfParentFailed',
  require_all_parents: 'requireAllParents',
  receive_errors: 'receiveErrors',
};

/** Wrong datasets are refused when the knot is placed. */
const datasets = (value: unknown): unknown =>
  [value].flat().map((one) => {
    try {
      return dataset(one as string);
    } catch {
      return one;
    }
  });

const READ: Readonly<Record<string, (value: unknown) => unknown>> = {
  errorPolicy: (value) => POLICIES[String(value)] ?? value,
  dispatcher: readDispatcher,
  reads: datasets,
  writes: datasets,
};

export function optionsOf(fields: Fields): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const { name } of SAYABLE) {
    const value = fields[name];
    if (value !== undefined) options[name] = READ[name]?.(value) ?? value;
  }
  return options;
}

const LONGEST_SUMMARY = 300;

/** The summary of a node: the first line of its description, and its tags. */
export function summaryOf({ description, tags }: Fields): string | undefined {
  const line = typeof description === 'string' ? description.trim().split(/\s*\n\s*\n/)[0]! : '';
  const marks = Array.isArray(tags) ? tags.map((tag) => `#${String(tag)}`) : [];

  const text = [line, ...marks]
    .join(' ')
    .replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  if (text === '') return undefined;
  return cut(text);
}

/** A summary has at most 400 bytes as JSON. */
function cut(text: string): string {
  const bytes = (part: string): number => Buffer.byteLength(JSON.stringify(part));
  if (bytes(text) <= LONGEST_SUMMARY) return text;
  let kept = '';
  for (const character of text) {
    if (bytes(`${kept}${character}…`) > LONGEST_SUMMARY) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}
