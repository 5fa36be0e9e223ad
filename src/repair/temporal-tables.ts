import { bytesOfBlob, type SqliteBlob, type SqliteDatabaseLike } from '../adapters/shared/sqlite';

/** Executions that have not ended: made, and running. */
const OPEN_STATES = [1, 2];

interface ExecutionRow {
  readonly shard_id: number;
  readonly namespace_id: SqliteBlob;
  readonly workflow_id: string;
  readonly run_id: SqliteBlob;
  readonly last_write_version: number;
  readonly state: SqliteBlob;
  readonly state_encoding: string;
}

/**
 * Two tables of Temporal say which executions there are: one has their state, the other tells the current one of each workflow. Where
 * a row of the second is lost, the first has all that it said; a row of the second alone would only be in the way.
 */
export function matchExecutions(database: SqliteDatabaseLike): void {
  const same = (one: string, other: string): string =>
    ['shard_id', 'namespace_id', 'workflow_id']
      .map((column) => `${one}.${column} = ${other}.${column}`)
      .join(' and ');
  database.exec(
    `delete from current_executions where not exists
      (select 1 from executions as e where ${same('e', 'current_executions')} and e.run_id = current_executions.run_id)`,
  );
  const rows = database
    .prepare(
      `select shard_id, namespace_id, workflow_id, run_id, last_write_version, state, state_encoding from executions as e
       where not exists (select 1 from current_executions as c where ${same('c', 'e')})`,
    )
    .all() as ExecutionRow[];
  const insert = database.prepare(
    `insert or ignore into current_executions (shard_id, namespace_id, workflow_id, run_id, create_request_id, state, status,
       last_write_version, data, data_encoding) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  for (const row of rows) {
    const bytes = Buffer.from(bytesOfBlob(row.state));
    const { requestId, state, status } = readExecutionState(bytes);
    if (state === undefined || status === undefined || !OPEN_STATES.includes(state)) continue;
    insert.run([
      row.shard_id,
      Buffer.from(bytesOfBlob(row.namespace_id)),
      row.workflow_id,
      Buffer.from(bytesOfBlob(row.run_id)),
      requestId ?? '',
      state,
      status,
      row.last_write_version,
      bytes,
      row.state_encoding,
    ]);
  }
}

export function hasTemporalTables(database: SqliteDatabaseLike): boolean {
  const [row] = database
    .prepare("select count(*) as found from sqlite_schema where name in ('executions', 'current_executions')")
    .all() as [{ found: number }];
  return row.found === 2;
}

/** Fields 1, 3 and 4 of Temporal's message WorkflowExecutionState. */
function readExecutionState(message: Buffer): {
  readonly requestId?: string;
  readonly state?: number;
  readonly status?: number;
} {
  const found: { requestId?: string; state?: number; status?: number } = {};
  for (let at = 0; at < message.length;) {
    const tag = message[at]!;
    const field = tag >>> 3;
    const number = readProtobufNumber(message, at + 1);
    if (!number) return found;
    at += 1 + number.length;
    if ((tag & 7) === 0) {
      if (field === 3) found.state = number.value;
      if (field === 4) found.status = number.value;
    } else if ((tag & 7) === 2) {
      if (field === 1) found.requestId = message.toString('utf8', at, at + number.value);
      at += number.value;
    } else return found;
  }
  return found;
}

/** Protocol Buffers have the low bits first, SQLite the high ones. */
function readProtobufNumber(bytes: Buffer, at: number): { value: number; length: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, length: index + 1 };
  }
  return undefined;
}
