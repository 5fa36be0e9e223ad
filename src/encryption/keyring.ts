import { SelvageError } from '../errors';
import { inTime } from '../ports/parts/pause';
import {
  givenTwice,
  invalidKey,
  keyBytes,
  parseKeys,
  requireKeyId,
  sealingKey,
  type SealingKey,
} from './sealing-key';

/** Keys held elsewhere, such as in a key management service. */
export interface KeySource {
  /** The ids of all keys in use; the first key seals new data. */
  readonly ids: readonly string[];
  /** Returns the key with this id (32 bytes, also as base64), or undefined; called once per id and process. */
  readonly key: (id: string) => Promise<string | Uint8Array | undefined> | string | Uint8Array | undefined;
}

const USE = 'sealing values';
/** The time limit for the holder of the keys. */
const PATIENCE_MS = 30_000;

/**
 * The master keys of a deployment, by id. The first key seals new data; the others open older data. The keys stay in
 * this process's memory and appear in no message.
 */
export class Keyring {
  readonly #source: KeySource;
  readonly #known = new Map<string, Promise<SealingKey>>();

  /** @throws SelvageError `InvalidKey` */
  constructor(source: KeySource) {
    if (source.ids.length === 0) throw invalidKey(`No key for ${USE} was given: give at least one.`);
    for (const id of source.ids) requireKeyId(id, USE);
    const twice = source.ids.find((id, index) => source.ids.indexOf(id) !== index);
    if (twice !== undefined) throw givenTwice(twice, USE);
    this.#source = { ...source };
  }

  /**
   * @param text `id:base64,id2:base64`, or one per line, with `#` comments; the first seals new data
   * @throws SelvageError `InvalidKey`
   */
  static parse(text: string): Keyring {
    const keys = parseKeys(text, USE);
    return new Keyring({ ids: [...keys.keys()], key: (id) => keys.get(id) });
  }

  /** The ids of all keys, the current one first. */
  get ids(): readonly string[] {
    return this.#source.ids;
  }

  /** The key that seals new values. @throws SelvageError as {@link get} */
  current(): Promise<SealingKey> {
    return this.get(this.ids[0]!);
  }

  /** All keys, the current one first. @throws SelvageError as {@link get} */
  all(): Promise<SealingKey[]> {
    return Promise.all(this.ids.map((id) => this.get(id)));
  }

  /** @throws SelvageError `KeyMissing`, `InvalidKey`, `BackendUnavailable` (the holder of the keys does not answer) */
  get(id: string): Promise<SealingKey> {
    const known = this.#known.get(id);
    if (known) return known;
    const asked = this.#ask(id);
    this.#known.set(id, asked);
    // Failures are not cached, so that the next call asks again.
    asked.catch(() => this.#known.delete(id));
    return asked;
  }

  async #ask(id: string): Promise<SealingKey> {
    const given = this.ids.includes(id) ? await askHolder(id, async () => this.#source.key(id)) : undefined;
    if (given === undefined) throw keyMissing(id);
    return sealingKey(keyBytes(id, given, USE), id);
  }
}

/** The holder's error is hidden, as it may reveal too much. */
async function askHolder<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await inTime(work(), PATIENCE_MS, () => new Error('late'));
  } catch (error) {
    throw new SelvageError(
      'BackendUnavailable',
      `The holder of the keys did not answer for key "${id}" (${error instanceof Error ? error.name : typeof error}).`,
      { details: { key: id } },
    );
  }
}

export function keyMissing(id: string): SelvageError {
  return new SelvageError(
    'KeyMissing',
    `There are values that are sealed with the key "${id}", which this process does not have. Give it, in SELVAGE_KEYS, SELVAGE_KEY_FILE or ` +
      '`encryption`, behind the one that seals what is new.',
    { details: { key: id } },
  );
}
