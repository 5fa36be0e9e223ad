import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import Database from 'libsql';

export const PAGE = 4_096;

/** Overwrites pages of a database file, counted from 1. */
export function overwritePages(file: string, pages: readonly number[], byte = 0xa5): void {
  const descriptor = openSync(file, 'r+');
  try {
    for (const page of pages) writeSync(descriptor, Buffer.alloc(PAGE, byte), 0, PAGE, (page - 1) * PAGE);
  } finally {
    closeSync(descriptor);
  }
}

export function cutTo(file: string, pages: number): void {
  truncateSync(file, pages * PAGE);
}

/** Moves everything into the main file, so that damage hits it. */
export function withoutLog(file: string): void {
  change(file, 'pragma wal_checkpoint(truncate)');
}

const PAGES_PROGRAM = `
  const [file, name] = process.argv.slice(1);
  const sql = 'select pageno, pagetype from dbstat where name = ? order by pageno';
  console.log(JSON.stringify(new (require('libsql'))(file).prepare(sql).all(name)));
`;

/**
 * The pages of a table or index, by kind. Another process looks them up, because libsql may keep a closed file open for
 * some time, which a repair refuses.
 */
export function pagesOf(file: string, name: string): { leaf: number[]; interior: number[] } {
  const answer = execFileSync(process.execPath, ['-e', PAGES_PROGRAM, file, name], {
    cwd: __dirname,
    encoding: 'utf8',
  });
  const rows = JSON.parse(answer) as { pageno: number; pagetype: string }[];
  const of = (type: string): number[] =>
    rows.filter(({ pagetype }) => pagetype === type).map(({ pageno }) => pageno);
  return { leaf: of('leaf'), interior: of('internal') };
}

export function rowsOf<T>(file: string, sql: string): T[] {
  const connection = new Database(file);
  try {
    return connection.prepare(sql).all() as T[];
  } finally {
    connection.close();
  }
}

export function change(file: string, sql: string): void {
  const connection = new Database(file);
  connection.exec(sql);
  connection.close();
}

export function bytesOf(file: string): Buffer {
  return readFileSync(file);
}
