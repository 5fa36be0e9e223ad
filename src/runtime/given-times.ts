import type { ParameterRecord } from '../authoring';

/** Converts a text with a point in time to a Date, if the schema accepts the Date but not the text. */
export async function readTime(parameter: ParameterRecord | undefined, given: unknown): Promise<unknown> {
  const time = typeof given === 'string' ? timeIn(given) : undefined;
  if (!parameter || !time || (await accepts(parameter, given))) return given;
  return (await accepts(parameter, time)) ? time : given;
}

const ISO_TIME = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Matches an ISO 8601 date (midnight UTC), or a date and time with a zone, as local time depends on the machine. */
function timeIn(text: string): Date | undefined {
  const [, year, month, day] = ISO_TIME.exec(text) ?? [];
  const time = new Date(text);
  if (year === undefined || Number.isNaN(time.getTime())) return undefined;
  // JavaScript reads the 30th of February as the 2nd of March.
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  return isDay ? time : undefined;
}

export async function accepts(parameter: ParameterRecord, value: unknown): Promise<boolean> {
  try {
    return (await parameter.schema['~standard'].validate(value)).issues === undefined;
  } catch {
    // A schema that throws does not accept the value; the run's validation reports the error.
    return false;
  }
}
