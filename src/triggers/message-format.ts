import { shown, type Check } from '../authoring/checks';
import { isStandardSchema, type OutputOf, type StandardSchema } from '../authoring/standard-schema';
import type { Refusal } from '../authoring/refusal';

/**
 * How the value of a message is read. `json`: as JSON in UTF-8. A schema (zod, or any Standard Schema): the
 * same, then validated by it. `text`: as UTF-8. `bytes`: unchanged.
 */
export type MessageFormat = 'json' | 'text' | 'bytes' | StandardSchema;

/** The value that a format makes. */
export type FormattedValue<Format extends MessageFormat> = Format extends StandardSchema
  ? OutputOf<Format>
  : Format extends 'text'
    ? string
    : Format extends 'bytes'
      ? Uint8Array
      : unknown;

/** The result of `map`: parameters of a run, or nothing to start none. */
export type Mapped<Parameters> = Parameters | undefined | null | Promise<Parameters | undefined | null>;

export const isFormat: Check = (value) =>
  value === 'json' || value === 'text' || value === 'bytes' || isStandardSchema(value)
    ? undefined
    : 'must be "json", "text", "bytes" or a schema';

/** @throws SelvageError `InvalidConfig` */
export function formatOf(given: unknown, refuse: Refusal): MessageFormat {
  const complaint = isFormat(given);
  if (complaint === undefined) return given as MessageFormat;
  throw refuse('format', `${complaint}, and is ${shown(given)}`);
}
