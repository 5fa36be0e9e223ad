import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { SelvageError } from '../../errors';
import { bytesOfBlob } from './blob';
import type { SqlDatabase } from './database';
import { keepValues } from './values';
import { DigestedStream } from '../../ports/parts/content-hash';
import { inChunks } from '../../ports/parts/pieces';
import type { UploadAs } from '../../ports/parts/whole';

/** The size of a chunk: transactions stay short, and readers need only one chunk in memory. */
const CHUNK_BYTES = 1024 * 1024;

const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** Writes each chunk in its own transaction; the last one makes all chunks the value. An intact value stays. */
export async function upload(
  database: SqlDatabase,
  pieces: AsyncIterable<Uint8Array>,
  mediaType: string | undefined,
  { hashOf, isDamaged }: UploadAs,
): Promise<{ hash: string; size: number }> {
  await removeAbandoned(database);
  const id = randomUUID();
  const digested = new DigestedStream(pieces);
  let sequence = 0;
  try {
    for await (const chunk of inChunks(digested.pieces(), CHUNK_BYTES)) {
      await writeChunk(database, id, sequence, chunk);
      sequence += 1;
    }
    const { sha256, size } = digested;
    const hash = hashOf(sha256);
    const replaces = await isDamaged(hash);
    await finish(database, id, { hash, size, mediaType, chunks: sequence, replaces });
    return { hash, size };
  } catch (error) {
    // If cleaning up fails, too, the first error is reported. A leftover of an upload is removed as abandoned later.
    await discard(database, id).catch(() => undefined);
    throw error;
  }
}

export async function* readChunks(database: SqlDatabase, id: string): AsyncGenerator<Uint8Array> {
  for (let sequence = 0; ; sequence += 1) {
    const row = await database.read((db) =>
      db
        .selectFrom('selvage_value_chunks')
        .select('bytes')
        .where('upload', '=', id)
        .where('sequence', '=', sequence)
        .executeTakeFirst(),
    );
    if (row === undefined) return;
    yield bytesOfBlob(row.bytes);
  }
}

function writeChunk(database: SqlDatabase, id: string, sequence: number, bytes: Uint8Array): Promise<void> {
  return database.write(async (db) => {
    const touched_at = database.dialect.now();
    await db
      .insertInto('selvage_uploads')
      .values({ upload: id, touched_at })
      .onConflict((conflict) => conflict.column('upload').doUpdateSet({ touched_at }))
      .execute();
    await db
      .insertInto('selvage_value_chunks')
      .values({ upload: id, sequence, bytes })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

function finish(
  database: SqlDatabase,
  id: string,
  {
    hash,
    size,
    mediaType,
    chunks,
    replaces,
  }: { hash: string; size: number; mediaType: string | undefined; chunks: number; replaces: boolean },
): Promise<void> {
  return database.write(async (db) => {
    // The upload is renewed first, so that nobody considers it abandoned.
    await db.deleteFrom('selvage_uploads').where('upload', '=', id).execute();
    const { there } = await db
      .selectFrom('selvage_value_chunks')
      .select(({ fn }) => fn.countAll<number>().as('there'))
      .where('upload', '=', id)
      .executeTakeFirstOrThrow();
    if (there !== chunks) throw chunksGone(database.place);
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('selvage_values')
      .values({ hash, size, media_type: mediaType ?? null, upload: id, last_put_at: database.dialect.now() })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    const isThereAlready = numInsertedOrUpdatedRows === 0n;
    if (!isThereAlready) return;
    const stored = await db
      .selectFrom('selvage_values')
      .select('upload')
      .where('hash', '=', hash)
      .executeTakeFirst();
    // An earlier try of this step succeeded without its answer arriving.
    if (stored?.upload === id) return;
    if (replaces) {
      await db
        .deleteFrom('selvage_value_chunks')
        .where('upload', '=', stored?.upload ?? '')
        .execute();
      await db
        .updateTable('selvage_values')
        .set({ bytes: null, size, upload: id, last_put_at: database.dialect.now() })
        .where('hash', '=', hash)
        .execute();
      return;
    }
    await db.deleteFrom('selvage_value_chunks').where('upload', '=', id).execute();
    await keepValues(db, database.dialect, [hash]);
  });
}

/** Another process considered the upload abandoned: this process slept for a day, or the clock jumped. */
function chunksGone(place: string): SelvageError {
  return new SelvageError(
    'BackendUnavailable',
    `A value that was being written to ${place} was taken for abandoned by another process. It is written again; if that ` +
      'goes on, look at the clocks.',
    { details: { place } },
  );
}

async function discard(database: SqlDatabase, id: string): Promise<void> {
  await database.write(async (db) => {
    await db.deleteFrom('selvage_uploads').where('upload', '=', id).execute();
    await db.deleteFrom('selvage_value_chunks').where('upload', '=', id).execute();
  });
}

async function removeAbandoned(database: SqlDatabase): Promise<void> {
  const limit = sql<number>`${database.dialect.now()} - ${sql.lit(ABANDONED_AFTER_MS)}`;
  const abandoned = await database.read((db) =>
    db.selectFrom('selvage_uploads').select('upload').where('touched_at', '<', limit).execute(),
  );
  for (const { upload } of abandoned) {
    await database.write(async (db) => {
      const { numDeletedRows } = await db
        .deleteFrom('selvage_uploads')
        .where('upload', '=', upload)
        .where('touched_at', '<', limit)
        .executeTakeFirstOrThrow();
      if (numDeletedRows > 0n)
        await db.deleteFrom('selvage_value_chunks').where('upload', '=', upload).execute();
    });
  }
}
