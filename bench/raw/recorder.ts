import { createHash } from 'node:crypto';
import Database from 'libsql';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

interface Waiting {
  readonly row: readonly unknown[];
  readonly value: readonly [hash: string, bytes: Buffer];
  readonly resolve: () => void;
}

const TABLES = `
  pragma journal_mode = wal;
  pragma synchronous = normal;
  create table if not exists record (
    run text, knot text, attempt integer, outcome text, input_hashes text, output_hash text, output_bytes integer,
    task_queue text, worker text, scheduled_at integer, started_at integer, finished_at integer, primary key (run, knot)
  ) without rowid;
  create table if not exists value (hash text primary key, bytes blob) without rowid;
`;

/**
 * What a user of the SDK would write by hand to know which value came from what: each activity's result is stored under its hash, with a
 * record of its inputs, before the activity is completed. All that end together share a transaction.
 */
export function recorder(file: string): ActivityInterceptorsFactory {
  const database = new Database(file);
  database.exec(TABLES);
  const putRecord = database.prepare(
    `insert or ignore into record values (${Array(12).fill('?').join(', ')})`,
  );
  const putValue = database.prepare('insert or ignore into value values (?, ?)');
  let waiting: Waiting[] = [];

  const commit = (): void => {
    const batch = waiting;
    waiting = [];
    database.exec('begin immediate');
    for (const { row, value } of batch) {
      putValue.run(...value);
      putRecord.run(...row);
    }
    database.exec('commit');
    for (const { resolve } of batch) resolve();
  };

  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const startedAt = Date.now();
        const result = await next(input);
        const bytes = Buffer.from(JSON.stringify(result));
        const hash = hashOf(bytes);
        const { workflowExecution, activityId, attempt, taskQueue, scheduledTimestampMs } = info;
        const inputs = JSON.stringify(input.args.map((argument) => hashOf(JSON.stringify(argument))));
        await new Promise<void>((resolve) => {
          if (waiting.length === 0) setImmediate(commit);
          waiting.push({
            row: [
              workflowExecution!.workflowId,
              activityId,
              attempt,
              'ok',
              inputs,
              hash,
              bytes.byteLength,
              taskQueue,
              String(process.pid),
              scheduledTimestampMs,
              startedAt,
              Date.now(),
            ],
            value: [hash, bytes],
            resolve,
          });
        });
        return result;
      },
    },
  });
}

function hashOf(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
