import { shown } from '../authoring/checks';
import { isStandardSchema, type StandardSchema } from '../authoring/standard-schema';
import type { Refusal } from '../authoring/refusal';

/**
 * How the value of a message is read. `json`: as JSON in UTF-8. A schema (zod, or any Standard Schema): the
 * same, then validated by it. `text`: as UTF-8. `bytes`: unchanged.
 */
export type MessageFormat = 'json' | 'text' | 'bytes' | StandardSchema;

/** The result of `map`: parameters of a run, or nothing to start none. */
export type Mapped<Parameters> = Parameters | undefined | null | Promise<Parameters | undefined | null>;

/** @throws SelvageError `InvalidConfig` */
export function formatOf(given: unknown, refuse: Refusal): MessageFormat {
  if (given === 'json' || given === 'text' || given === 'bytes' || isStandardSchema(given)) return given;
  throw refuse('format', `must be "json", "text", "bytes" or a schema, and is ${shown(given)}`);
}
