import { isContentHash } from '../ports/parts/content-hash';
import { SelvageError } from '../errors';
import type { Backends, DataStore } from '../ports';
import { isKeyMark, markKey, readKeyMarks, unmarkKey } from './key-marks';
import { encryptionOf } from './seal-backends';
import { SealedDataStore } from './sealed-data-store';
import { SealBroken, seal, sealStream, unseal, unsealStream } from './sealed-form';
import { hashOfName, sealedName, tagOfName } from './sealed-name';
import type { SealingKey } from './sealing-key';
import { everyPage } from '../ports/parts/every-item';

/** Values that are larger are processed as streams. */
const LARGE_BYTES = 4 * 1024 * 1024;
const VALUES_PER_PAGE = 100;

export interface Resealed {
  /** The key that now seals everything. */
  readonly key: string;
  /** The number of values that were sealed with another key, or unsealed. */
  readonly values: number;
  /** The number of subjects' keys that were wrapped by another key. */
  readonly subjectKeys: number;
  /** The number of values that cannot be opened; they stay as they are. */
  readonly damaged: number;
  /** The ids of keys that nothing in the data store and no subject's key needs any more. */
  readonly freed: readonly string[];
}

/**
 * Seals everything with the current key, which all workers must already use. A value is stored anew before the old one
 * is deleted, so resealing may be interrupted, repeated, and done while workers work.
 *
 * @param onPage a callback with the numbers, so far, of values looked at, and of those sealed anew
 * @throws SelvageError `InvalidConfig` (nothing is sealed here), `KeyMissing`, `BackendUnavailable`
 */
export async function reseal(
  backends: Backends,
  onPage?: (seen: number, resealed: number) => void,
): Promise<Resealed> {
  const encryption = encryptionOf(backends);
  const { dataStore } = backends;
  if (!encryption || !(dataStore instanceof SealedDataStore)) {
    throw new SelvageError(
      'InvalidConfig',
      'There are no keys to seal with: set SELVAGE_KEYS, the new key first and the old ones behind it.',
      { details: { reason: 'MissingPart' } },
    );
  }
  await dataStore.requireKeys();
  const [current, ...older] = (await encryption.keyring.all()) as [SealingKey, ...SealingKey[]];
  const { inner } = dataStore;
  await markKey(inner, current);
  const subjectKeys = await encryption.subjects.rewrap();
  const pass = new Pass(inner, current, older);
  await pass.run(onPage);
  const marks = await readKeyMarks(inner);
  const freed = older.filter(({ tag }) => !pass.stuck.has(tag) && marks.some((mark) => mark.tag === tag));
  for (const key of freed) await unmarkKey(inner, key);
  const { resealed: values, damaged } = pass;
  return { key: current.id, values, subjectKeys, damaged, freed: freed.map(({ id }) => id) };
}

class Pass {
  resealed = 0;
  damaged = 0;
  readonly stuck = new Set<string>();
  private seen = 0;

  constructor(
    private readonly store: DataStore,
    private readonly current: SealingKey,
    private readonly older: readonly SealingKey[],
  ) {}

  async run(onPage: ((seen: number, resealed: number) => void) | undefined): Promise<void> {
    for await (const values of everyPage((page) => this.store.list(page), VALUES_PER_PAGE)) {
      for (const { hash, size } of values) await this.look(hash, size);
      this.seen += values.length;
      onPage?.(this.seen, this.resealed);
    }
  }

  private async look(name: string, size: number): Promise<void> {
    const tag = tagOfName(name);
    if (tag === undefined)
      return isContentHash(name) ? await this.change(name, name, undefined, size) : undefined;
    const key = this.older.find((old) => old.tag === tag);
    if (isKeyMark(name) || !key) return;
    const hash = hashOfName(name, key);
    if (hash === undefined) this.leave(key);
    else await this.change(name, hash, key, size);
  }

  private async change(name: string, hash: string, key: SealingKey | undefined, size: number): Promise<void> {
    const target = sealedName(hash, this.current)!;
    try {
      const isThere = await (size > LARGE_BYTES
        ? this.changeLarge(name, target, key)
        : this.changeSmall(name, target, key));
      if (!isThere) return;
    } catch (error) {
      if (!(error instanceof SealBroken) && !SelvageError.is(error, 'ValueDamaged')) throw error;
      return this.leave(key);
    }
    await this.store.delete(name);
    this.resealed += 1;
  }

  private async changeSmall(name: string, target: string, key: SealingKey | undefined): Promise<boolean> {
    const bytes = await this.store.get(name);
    if (!bytes) return false;
    const opened = key ? unseal(key, name, bytes) : bytes;
    await this.store.put([{ hash: target, bytes: seal(this.current, target, opened) }]);
    return true;
  }

  private async changeLarge(name: string, target: string, key: SealingKey | undefined): Promise<boolean> {
    const stream = await this.store.getStream(name);
    if (!stream) return false;
    const opened = key ? unsealStream(key, name, stream) : stream;
    const sealed = sealStream(this.current, () => target, opened);
    await this.store.putStream(sealed, { nameAtEnd: () => target });
    return true;
  }

  private leave(key: SealingKey | undefined): void {
    this.damaged += 1;
    if (key) this.stuck.add(key.tag);
  }
}
