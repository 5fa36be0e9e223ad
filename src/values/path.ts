/** One step from a value to a part of it. */
export type Step =
  | string
  | number
  | symbol
  | { readonly kind: 'map-key' | 'set-member'; readonly index: number }
  | { readonly kind: 'map-value'; readonly key: string }
  | { readonly kind: 'codec'; readonly name: string };

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const LONGEST_KEY = 60;
const MOST_STEPS = 50;

/** A path as in JavaScript, with `$` as root: `$.users[3].name`, `$.prices.get("tea").amount`. Long paths are cut. */
export function formatPath(steps: readonly Step[]): string {
  return '$' + steps.slice(0, MOST_STEPS).map(formatStep).join('') + (steps.length > MOST_STEPS ? '…' : '');
}

function formatStep(step: Step): string {
  switch (typeof step) {
    case 'number':
      return `[${step}]`;
    case 'string':
      return IDENTIFIER.test(step) ? `.${step}` : `[${shorten(JSON.stringify(step))}]`;
    case 'symbol':
      return `[${String(step)}]`;
    default:
      break;
  }
  switch (step.kind) {
    case 'map-key':
      return `.keys()[${step.index}]`;
    case 'set-member':
      return `.values()[${step.index}]`;
    case 'map-value':
      return `.get(${shorten(step.key)})`;
    case 'codec':
      return `<${step.name}>`;
  }
}

/** Shortens a text, which can still be recognised in a message. */
export function shorten(text: string): string {
  return text.length > LONGEST_KEY ? `${text.slice(0, LONGEST_KEY)}…` : text;
}
