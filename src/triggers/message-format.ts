import { sayable } from '../authoring/checks';
import {
  describeIssues,
  isStandardSchema,
  type OutputOf,
  type StandardSchema,
} from '../authoring/standard-schema';

/**
 * How the value of a message is read. `json`: the value is JSON in UTF-8. A schema (zod, or any Standard Schema): JSON,
 * then validated. `text`: as UTF-8. `bytes`: unchanged.
 */
export type MessageFormat = 'json' | 'text' | 'bytes' | StandardSchema;

/** The value of a message by its format. */
export type FormattedValue<Format extends MessageFormat> = Format extends StandardSchema
  ? OutputOf<Format>
  : Format extends 'text'
    ? string
    : Format extends 'bytes'
      ? Uint8Array
      : unknown;

export type DecodingFault = 'NotText' | 'NotJson' | 'RefusedBySchema';

type Decoded =
  | { readonly value: unknown }
  | { readonly complaint: string; readonly reason: DecodingFault; readonly cause?: unknown };

/** A complaint about a value holds at any retry. */
export async function decodeMessage(bytes: Uint8Array | null, format: MessageFormat): Promise<Decoded> {
  if (format === 'bytes') return { value: bytes && new Uint8Array(bytes) };
  let text: string | null;
  try {
    text = bytes && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    return { complaint: 'is not UTF-8', reason: 'NotText', cause };
  }
  if (format === 'text') return { value: text };
  let json: unknown;
  try {
    json = text === null ? null : JSON.parse(text);
  } catch (cause) {
    return { complaint: `is not JSON (${(cause as Error).message})`, reason: 'NotJson', cause };
  }
  if (format === 'json') return { value: json };
  const reason = 'RefusedBySchema';
  try {
    const result = await format['~standard'].validate(json);
    if (!result.issues) return { value: result.value };
    return { complaint: `does not satisfy its schema: ${describeIssues(result.issues)}`, reason };
  } catch (cause) {
    return { complaint: `made its schema fail (${String(cause)})`, reason, cause };
  }
}

/** Parameters of a run, or nothing to start no run. */
export type Mapped<Parameters> = Parameters | undefined | null | Promise<Parameters | undefined | null>;

const FORMATS = ['json', 'text', 'bytes'];

/** Documents have no schemas. */
export const isFormat = sayable({ oneOf: FORMATS }, (value) =>
  FORMATS.includes(value as string) || isStandardSchema(value)
    ? undefined
    : 'must be "json", "text", "bytes" or a schema',
);
