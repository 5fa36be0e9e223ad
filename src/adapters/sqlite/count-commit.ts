import type { SqliteConnection } from './connection';
import { FORGOTTEN_MS, type Counted } from '../sql/step-back';

const COUNT = `
  insert into selvage_writers (writer, process, commits, committed_at) values (?, ?, 1, ?)
  on conflict (writer) do update set commits = commits + 1, committed_at = excluded.committed_at
  returning commits, committed_at`;

/** Increments the row of a writer. Call it inside the writer's transaction. */
export function countCommit(connection: SqliteConnection, writer: string, process: string): Counted {
  const now = Date.now();
  const [counted] = connection.all<Counted>(COUNT, [writer, process, now]);
  if (counted!.commits === 1)
    connection.run('delete from selvage_writers where committed_at < ?', [now - FORGOTTEN_MS]);
  return counted!;
}
