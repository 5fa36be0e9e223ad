import type { ErrorCause } from '../ports';

const SHOWN_MESSAGE = 500;

type Led = Omit<ErrorCause, 'type' | 'message'>;

/** An error's place and causes for people: one line each, not indented. */
export function causeLines(error: Led): string[] {
  return [...(error.at === undefined ? [] : [`at ${error.at}`]), ...nestedLines(error)];
}

function nestedLines({ at: above, cause, errors = [] }: Led): string[] {
  const told = (mark: string, error: ErrorCause): string[] => {
    const { at = above } = error;
    const place = at === above ? '' : ` (${at})`;
    return [
      `${mark}${errorLine(error)}${place}`,
      ...nestedLines({ ...error, ...(at !== undefined && { at }) }).map((line) => `  ${line}`),
    ];
  };
  return [...(cause ? told('caused by ', cause) : []), ...errors.flatMap((member) => told('- ', member))];
}

export function errorLine({ type, message }: Pick<ErrorCause, 'type' | 'message'>): string {
  const text = message.replace(/\s*\n\s*/g, ' ').trim();
  return `${type}${text === '' ? '' : ': '}${text.length > SHOWN_MESSAGE ? `${text.slice(0, SHOWN_MESSAGE - 1)}…` : text}`;
}
