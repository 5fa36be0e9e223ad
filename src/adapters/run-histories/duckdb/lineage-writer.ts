import type { LineageRecord } from '../../../protocols';
import type { DuckDbAppenderLike, DuckDbConnectionLike } from './client';
import { LINEAGE_COLUMNS, appendFields, bitsOf } from './columns';
import { KnownKeys } from './known-keys';

/**
 * Appends lineage records to one open database, each key once. Being the only writer of the file, it knows which keys are there:
 * it reads those of a run when the first record of the run comes, and keeps them up to date.
 */
export class LineageWriter {
  readonly #connection: DuckDbConnectionLike;
  readonly #keys = new KnownKeys();
  #appenders: { readonly lineage: DuckDbAppenderLike; readonly inputs: DuckDbAppenderLike } | undefined;
  #nextId: number | undefined;

  constructor(connection: DuckDbConnectionLike) {
    this.#connection = connection;
  }

  /**
   * Appends what is not there, inside the transaction that is open, and answers per record whether it was. `settle` must hear of the end
   * of the transaction before the next call.
   */
  async append(records: readonly LineageRecord[]): Promise<boolean[]> {
    await this.#keys.load(this.#connection, new Set(records.map((record) => record.temporal_run_id)));
    const isNew = records.map((record) => this.#keys.add(record));
    const appended = records.filter((_, index) => isNew[index]);
    if (appended.length > 0) await this.#appendAll(appended);
    return isNew;
  }

  /** Forgets the keys of a run that is removed; they are read again when they are needed. */
  forget(temporalRunId: string): void {
    this.#keys.forget(temporalRunId);
  }

  /** Whether the transaction of the last `append` was committed. */
  settle(isCommitted: boolean): void {
    if (isCommitted) return this.#keys.keep();
    this.#keys.drop();
    this.close();
  }

  /** What was appended and not flushed is dropped. */
  close(): void {
    const { lineage, inputs } = this.#appenders ?? {};
    this.#appenders = undefined;
    for (const appender of [lineage, inputs]) {
      try {
        appender?.clear();
        appender?.closeSync();
      } catch {
        // After an error, it may be unusable.
      }
    }
  }

  async #appendAll(records: readonly LineageRecord[]): Promise<void> {
    this.#appenders ??= {
      lineage: await this.#connection.createAppender('selvage_lineage'),
      inputs: await this.#connection.createAppender('selvage_lineage_inputs'),
    };
    const { lineage, inputs } = this.#appenders;
    this.#nextId ??= await this.#firstId();
    for (const record of records) {
      const id = this.#nextId++;
      appendLineage(lineage, record, id);
      appendInputs(inputs, record, id);
    }
    lineage.flushSync();
    inputs.flushSync();
  }

  async #firstId(): Promise<number> {
    const rows = await this.#connection.runAndReadAll(
      'select coalesce(max(id), 0) as newest from selvage_lineage',
    );
    return Number(rows.getRowObjectsJS()[0]!['newest']) + 1;
  }
}

export function appendLineage(appender: DuckDbAppenderLike, record: LineageRecord, id: number): void {
  const { output_hash, cache_key, outcome, cached_from_run } = record;
  appender.appendBigInt(BigInt(id));
  appendFields(appender, LINEAGE_COLUMNS, record);
  appendBits(appender, record.temporal_run_id);
  appendBits(appender, output_hash);
  // Only what can be reused is ever looked for.
  appendBits(appender, outcome === 'ok' && cached_from_run === null ? cache_key : null);
  appender.endRow();
}

/** What went in, each once. */
export function appendInputs(appender: DuckDbAppenderLike, record: LineageRecord, id: number): void {
  const hashes = [
    ...Object.values(record.parent_input_hashes),
    ...Object.values(record.constant_input_hashes),
  ];
  for (const hash of new Set(hashes)) {
    if (hash === null) continue;
    appender.appendBigInt(BigInt(id));
    appender.appendUBigInt(bitsOf(hash));
    appender.endRow();
  }
}

function appendBits(appender: DuckDbAppenderLike, text: string | null): void {
  if (text === null) appender.appendNull();
  else appender.appendUBigInt(bitsOf(text));
}
