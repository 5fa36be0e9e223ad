import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError } from '../../errors';
import { PUT_AGAIN_AFTER_MS } from '../../ports';
import { inParallel } from '../../values/in-parallel';
import { PARALLEL_REQUESTS, type ObjectFacts, type S3Bucket } from './bucket';
import { deletionOf, type Deletion, type ObjectKeys } from './keys';
import { streamOf } from './pointer';

/**
 * S3 cannot delete on a condition of time. A deleter therefore first leaves an object (a note), and then checks the
 * value's time. A writer distinguishes two cases:
 *
 * - If the value is missing, the writer writes it if there is no note. A deleter that leaves a note after the write
 *   sees the new time, and keeps the value.
 * - If the value exists, the writer renews it, looks for notes, and checks that the value still exists. A deleter that
 *   checked the value's time earlier left its note before, and removes it after the deletion. The writer therefore sees
 *   the note, or that the value is gone. A value that another process has just written or renewed is treated alike.
 *
 * If there is a note, the writer waits for the end of that deletion, and starts again.
 */

/** A deleter that has not reached the deletion within this time gives up. */
const DELETE_WITHIN_MS = 15_000;
/** The time for reaching the deletion, and for the deletion itself. A deleter that takes longer was killed. */
const WAIT_AT_MOST_MS = 2 * DELETE_WITHIN_MS;
const LOOK_AGAIN_AFTER_MS = 200;
/** {@link WAIT_AT_MOST_MS} and a margin for clocks: a value of this age has no deletion based on an earlier time. */
const SETTLED_AFTER_MS = 5 * 60 * 1000;

/**
 * Removes a value with its stream and all versions of both. Returns whether the value existed and is gone.
 *
 * @param isToGo whether to remove a value with these facts, as it was not renewed since. Default: true
 */
export async function eraseValue(
  bucket: S3Bucket,
  keys: ObjectKeys,
  hash: string,
  isToGo?: (facts: ObjectFacts) => boolean,
): Promise<boolean> {
  const key = keys.value(hash);
  const stays = (facts: ObjectFacts | undefined): boolean =>
    isToGo !== undefined && (facts === undefined || !isToGo(facts));
  const seen = await bucket.head(key);
  if (stays(seen)) return false;
  const begunAt = performance.now();
  const note = keys.deletion(hash, randomUUID(), seen && streamOf(seen));
  await bucket.put(note, '');
  const facts = await bucket.head(key);
  if (stays(facts)) {
    await bucket.erase(note);
    return false;
  }
  if (isToGo && performance.now() - begunAt > DELETE_WITHIN_MS) {
    await bucket.erase(note);
    throw tooSlow(bucket);
  }
  await bucket.erase(key, AbortSignal.timeout(DELETE_WITHIN_MS));
  const streams = new Set([seen && streamOf(seen), facts && streamOf(facts)]);
  // A killed scrub may have left some of the value's versions.
  if (!isToGo)
    for await (const { stream } of deletionsBelow(bucket, keys, keys.deletionsOf(hash))) streams.add(stream);
  for (const stream of streams) if (stream !== undefined) await bucket.erase(keys.stream(stream));
  await bucket.erase(note);
  return seen !== undefined;
}

export interface WriteContext {
  readonly bucket: S3Bucket;
  readonly keys: ObjectKeys;
  readonly now: () => number;
}

/**
 * Makes sure that values exist and count as just put, even if others delete meanwhile. Returns the values that exist.
 *
 * @param write writes a missing value, and returns false if somebody else did; if omitted, no value is written
 */
export async function ensureThere(
  context: WriteContext,
  hashes: Iterable<string>,
  write?: (hash: string) => Promise<boolean>,
): Promise<ReadonlySet<string>> {
  const { bucket, keys } = context;
  const there = new Set<string>();
  const deletions = new DeletionsUnderWay(bucket, keys);
  let waiting = [...new Set(hashes)];
  while (waiting.length > 0) {
    const absent: string[] = [];
    const fresh: string[] = [];
    await inParallel(waiting, PARALLEL_REQUESTS, async (hash) => {
      const state = await renewValue(context, hash);
      if (state === 'absent') absent.push(hash);
      else if (state === 'fresh') fresh.push(hash);
      else there.add(hash);
    });
    const doubtful = write ? [...absent, ...fresh] : fresh;
    const waitedFor = await deletions.waitFor(doubtful);
    const again: string[] = [];
    const unlessWaitedFor = (some: string[], work: (hash: string) => Promise<boolean>): Promise<void> =>
      inParallel(some, PARALLEL_REQUESTS, async (hash) => {
        if (!waitedFor.has(hash) && (await work(hash))) there.add(hash);
        else again.push(hash);
      });
    if (write) await unlessWaitedFor(absent, write);
    await unlessWaitedFor(fresh, (hash) => isWholeStill(context, hash));
    waiting = again;
  }
  return there;
}

/** `fresh`: written or renewed so recently that a deletion based on an earlier time may be running. */
async function renewValue(
  { bucket, keys, now }: WriteContext,
  hash: string,
): Promise<'absent' | 'fresh' | 'settled'> {
  const key = keys.value(hash);
  const facts = await bucket.head(key);
  if (facts === undefined) return 'absent';
  if (facts.modifiedAt < now() - PUT_AGAIN_AFTER_MS)
    return (await bucket.renew(key, facts)) ? 'fresh' : 'absent';
  return facts.modifiedAt < now() - SETTLED_AFTER_MS ? 'settled' : 'fresh';
}

async function isWholeStill({ bucket, keys }: WriteContext, hash: string): Promise<boolean> {
  const facts = await bucket.head(keys.value(hash));
  if (facts === undefined) return false;
  const stream = streamOf(facts);
  if (stream === undefined || (await bucket.head(keys.stream(stream))) !== undefined) return true;
  // S3 copied the object during its deletion, so its stream is gone.
  await eraseValue(bucket, keys, hash, (now) => streamOf(now) === stream);
  return false;
}

/** The deletions of values that a writer meets. */
class DeletionsUnderWay {
  /** The notes of killed processes, which will not be removed soon. */
  readonly #forsaken = new Set<string>();

  constructor(
    private readonly bucket: S3Bucket,
    private readonly keys: ObjectKeys,
  ) {}

  /** Waits for the deletions of these values; returns the values that had any. */
  async waitFor(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    if (hashes.length === 0) return new Set();
    const asked = new Set(hashes);
    const below = hashes.length === 1 ? this.keys.deletionsOf(hashes[0]!) : this.keys.deletions;
    const underWay = (await this.#notes(below)).filter(({ hash }) => asked.has(hash));
    let left = underWay.map(({ key }) => key);
    const since = performance.now();
    while (left.length > 0 && performance.now() - since < WAIT_AT_MOST_MS) {
      await delay(LOOK_AGAIN_AFTER_MS);
      const now = new Set((await this.#notes(below)).map(({ key }) => key));
      left = left.filter((key) => now.has(key));
    }
    for (const key of left) this.#forsaken.add(key);
    return new Set(underWay.map(({ hash }) => hash));
  }

  async #notes(below: string): Promise<Deletion[]> {
    const notes: Deletion[] = [];
    for await (const note of deletionsBelow(this.bucket, this.keys, below))
      if (!this.#forsaken.has(note.key)) notes.push(note);
    return notes;
  }
}

async function* deletionsBelow(bucket: S3Bucket, keys: ObjectKeys, prefix: string): AsyncGenerator<Deletion> {
  for await (const { key } of bucket.listAll(prefix)) {
    const deletion = deletionOf(key, keys.deletions);
    if (deletion !== undefined) yield deletion;
  }
}

function tooSlow({ place }: S3Bucket): SelvageError {
  return new SelvageError(
    'BackendUnavailable',
    `The S3 bucket "${place.bucket}" (${place.server}) is too slow to delete a value without racing those who write it. Delete it later.`,
    { details: { ...place } },
  );
}
