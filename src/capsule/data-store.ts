import { getOneByOne } from '../ports/parts/one-by-one';
import { pageByHash } from '../ports/parts/pages';
import { inOnePiece } from '../ports/parts/pieces';
import { nodeSha256 } from '../node/node-sha256';
import { SelvageError } from '../errors';
import { isManifestOf } from '../tables/stored-manifest';
import { isTableHash } from '../values';
import type { DataStore, Page, PageOptions, StoredEntry } from '../ports';
import type { ValueDigest } from '../encryption/digests';
import type { AbsentValue, CapsuleValue } from './format';

/** Digests for the hashes of the capsule's runs. */
export interface CapsuleDigests {
  readonly known: readonly Pick<ValueDigest, 'ofSha256'>[];
  /** Whether a run's digest key is missing: its values cannot be checked. */
  readonly areIncomplete: boolean;
}

/** The values of a capsule, read-only, checked against their hashes when read. */
export class CapsuleDataStore implements DataStore {
  readonly technology = 'capsule';
  readonly #values: ReadonlyMap<string, CapsuleValue>;
  readonly #absent: ReadonlyMap<string, AbsentValue>;
  readonly #madeAt: number;

  constructor(
    {
      values,
      absent,
      madeAt,
    }: { values: readonly CapsuleValue[]; absent: readonly AbsentValue[]; madeAt: number },
    private readonly file: string,
    private readonly digests: CapsuleDigests,
  ) {
    this.#values = new Map(values.map((value) => [value.hash, value]));
    this.#absent = new Map(absent.map((value) => [value.hash, value]));
    this.#madeAt = madeAt;
  }

  /** Why a value is missing; undefined if it is present, or nothing names it. */
  absence(hash: string): AbsentValue | undefined {
    return this.#absent.get(hash);
  }

  async identity(): Promise<string> {
    return `capsule ${this.file}`;
  }

  /** @throws SelvageError `ValueDamaged`; or the reason of its absence: `Redacted`, `NotKept`, `ValueMissing`, … */
  async get(hash: string): Promise<Uint8Array | undefined> {
    const value = this.#values.get(hash);
    if (value) {
      const bytes = bytesOf(value);
      this.#check(value, bytes);
      return bytes;
    }
    const absent = this.#absent.get(hash);
    if (absent) throw absenceError(absent, this.file);
    return undefined;
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    return await getOneByOne(this, hashes, 1);
  }

  async has(hash: string): Promise<boolean> {
    return this.#values.has(hash);
  }

  async hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return new Set(hashes.filter((hash) => this.#values.has(hash)));
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const bytes = await this.get(hash);
    return bytes && inOnePiece(bytes);
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    return await this.hasMany(hashes);
  }

  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    const entries = [...this.#values.values()].map((value) => ({
      hash: value.hash,
      size: bytesOf(value).byteLength,
      lastPutAt: this.#madeAt,
    }));
    return pageByHash(entries, options);
  }

  async put(): Promise<void> {
    throw readOnly(this.file);
  }

  async putStream(): Promise<never> {
    throw readOnly(this.file);
  }

  async delete(): Promise<void> {
    throw readOnly(this.file);
  }

  async deleteUnlessPutSince(): Promise<string[]> {
    throw readOnly(this.file);
  }

  async close(): Promise<void> {}

  /** @throws SelvageError `ValueDamaged` */
  checkAll(): { readonly intact: number; readonly unchecked: number } {
    let intact = 0;
    for (const value of this.#values.values()) if (this.#check(value, bytesOf(value))) intact += 1;
    return { intact, unchecked: this.#values.size - intact };
  }

  /** Checks a value's bytes; false if they cannot be checked. @throws SelvageError `ValueDamaged` */
  #check({ hash }: CapsuleValue, bytes: Uint8Array): boolean {
    const { known, areIncomplete } = this.digests;
    const sha256 = nodeSha256(bytes);
    const digits = hash.slice(hash.indexOf(':') + 1);
    const isIntact = isTableHash(hash)
      ? known.some((digest) => isManifestBy(digest, hash, bytes))
      : known.some(({ ofSha256 }) => ofSha256(sha256) === digits);
    if (isIntact) return true;
    if (areIncomplete) return false;
    throw new SelvageError(
      'ValueDamaged',
      `The value ${hash} in ${this.file} is damaged: its bytes are not those of its hash. Get the capsule again from where it was made.`,
      { details: { hash, place: this.file } },
    );
  }
}

function isManifestBy({ ofSha256 }: Pick<ValueDigest, 'ofSha256'>, hash: string, bytes: Uint8Array): boolean {
  return isManifestOf(hash, Buffer.from(bytes).toString(), nodeSha256, (data) => ofSha256(nodeSha256(data)));
}

function bytesOf({ text, base64 }: CapsuleValue): Uint8Array {
  return text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text, 'utf8');
}

function absenceError({ hash, code, reason }: AbsentValue, file: string): SelvageError {
  return new SelvageError(code, `The value ${hash} is not in ${file}: ${reason}.`, {
    details: { hash, file },
  });
}

export function readOnly(file: string): SelvageError {
  return new SelvageError(
    'RunHistoryReadOnly',
    `${file} is a capsule, which is only read. Run something in a project of yours instead.`,
    { details: { file } },
  );
}
