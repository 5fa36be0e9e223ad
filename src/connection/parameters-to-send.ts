import { keepWithRows } from '../runtime/table-rows';
import { encodeJson, type Json, type Sha256 } from '../values';
import { SelvageError, type ParameterProblem } from '../errors';
import { tablesIn } from '../tables/table';
import { encodeOutput, parameterReference, storedValues, storeTablesIn, type EncodedValue } from '../runtime';
import type { DataStore } from '../ports';

/** Largest parameters, in bytes, below the 2 MiB that the server accepts. */
const PARAMETERS_BYTES = 2 * 1024 * 1024 - 64 * 1024;
/** Matches a reference in JSON; inside a text, the quotes would be escaped. */
const REFERENCE = /"\$type":"(?:stored|reference)"/;

/**
 * Encodes parameters for the server, which keeps them in the history. Values larger than `inlineLimit` go
 * into the data store, as do those with tables, and references are sent. Without `inlineLimit`, everything is sent inline.
 *
 * @throws SelvageError `NotEncodable`, `BackendUnavailable`
 */
export async function parametersToSend(
  dataStore: DataStore,
  parameters: Readonly<Record<string, unknown>>,
  inlineLimit: number | undefined,
  digest: Sha256,
): Promise<Json> {
  await storeTablesIn(dataStore, parameters);
  if (inlineLimit === undefined && tablesIn(parameters).length === 0) return encodeJson(parameters);
  const sent: Record<string, unknown> = {};
  const large: EncodedValue[] = [];
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = encodeOutput(parameter, digest);
    const hasTables = value.tables !== undefined || value.encoded?.kind === 'table';
    if (!hasTables && value.size <= (inlineLimit ?? Infinity)) {
      sent[name] = encodeJson(parameter);
      continue;
    }
    large.push(value);
    sent[name] = parameterReference(value);
  }
  await dataStore.put(large.flatMap(storedValues));
  await keepWithRows(
    dataStore,
    large.filter(({ bytes }) => !bytes).map(({ hash }) => hash),
  );
  return sent as Json;
}

export function fitsServer(parameters: Json): boolean {
  return Buffer.byteLength(JSON.stringify(parameters)) <= PARAMETERS_BYTES;
}

/** @throws SelvageError `InvalidParameters` if the parameters are too long for the server */
export function textToSend(tapestry: string, parameters: Json): string {
  const text = JSON.stringify(parameters);
  const bytes = Buffer.byteLength(text);
  if (bytes <= PARAMETERS_BYTES) return text;
  const message =
    `The parameters of tapestry "${tapestry}" take ${bytes} bytes; the server takes ${PARAMETERS_BYTES}. Give where the data is, and let a ` +
    'knot read it: between knots a value may be of any size.';
  const problem: ParameterProblem = { path: '', code: 'TooLarge', message };
  throw new SelvageError('InvalidParameters', message, { details: { tapestry, bytes, problems: [problem] } });
}

export function hasReferences(text: string): boolean {
  return REFERENCE.test(text);
}
