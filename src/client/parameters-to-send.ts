import { encodeJson, type Json, type Sha256 } from '../canonical';
import { encodeOutput, parameterReference, storedValues, type EncodedValue } from '../execution';
import type { DataStore } from '../protocols';

/**
 * The parameters as they travel to the server, which keeps them in the history: those of more bytes than the limit go into the data store, and
 * references to them travel. Without a limit all go as they are.
 *
 * @param digest of values
 * @throws SelvageError `NotEncodable`, `BackendUnavailable`
 */
export async function parametersToSend(
  dataStore: DataStore,
  parameters: Readonly<Record<string, unknown>>,
  inlineLimit: number | undefined,
  digest: Sha256,
): Promise<Json> {
  if (inlineLimit === undefined) return encodeJson(parameters);
  const sent: Record<string, unknown> = {};
  const large: EncodedValue[] = [];
  for (const [name, parameter] of Object.entries(parameters)) {
    const value = encodeOutput(parameter, digest);
    if (value.size <= inlineLimit) {
      sent[name] = encodeJson(parameter);
      continue;
    }
    large.push(value);
    sent[name] = parameterReference(value);
  }
  await dataStore.put(large.flatMap(storedValues));
  await dataStore.keep(large.filter(({ bytes }) => !bytes).map(({ hash }) => hash));
  return sent as Json;
}
