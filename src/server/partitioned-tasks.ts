import { existsSync } from 'node:fs';
import type LibsqlDatabase from 'libsql';

/** A part of the names of all partitions of a task queue but the first, in bytes. */
const PARTITION = Buffer.from('/_sys/').toString('hex');

/** Whether a stopped server has tasks that a server with one partition would never read. True if unknown. */
export function hasPartitionedTasks(database: string): boolean {
  if (!existsSync(database)) return false;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- native, and only needed where a server starts
  const Libsql = require('libsql') as typeof LibsqlDatabase;
  let opened: LibsqlDatabase.Database | undefined;
  try {
    opened = new Libsql(database, { fileMustExist: true });
    // The statement throws if there are such tasks. If prepared, it would keep the file open until it is collected.
    opened.exec(
      `select json(case when ${['tasks', 'tasks_v2'].map(isPartitioned).join(' or ')} then 'partitioned' else '{}' end)`,
    );
    return false;
  } catch {
    return true;
  } finally {
    opened?.close();
  }
}

function isPartitioned(table: string): string {
  return `exists (select 1 from ${table} where instr(task_queue_id, x'${PARTITION}') > 0)`;
}
