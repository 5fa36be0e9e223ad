/** Program: says of the database file that is its argument whether its pages are in order. */
import { loadLibsql } from '../../adapters/shared/sqlite';

const LOCK_LIMIT_MS = 1_000;
const DAMAGE = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

async function check(file: string): Promise<string | undefined> {
  const Database = await loadLibsql();
  try {
    const connection = new Database(file, { timeout: LOCK_LIMIT_MS });
    try {
      const [row] = connection.prepare('pragma quick_check(1)').all();
      return String(Object.values(row as object)[0]);
    } finally {
      connection.close();
    }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    // A lock or a folder that cannot be written is no damage.
    return DAMAGE.has(code ?? '') ? message : undefined;
  }
}

void check(process.argv[2]!).then((answer) => {
  if (answer !== undefined) process.stdout.write(`quick check: ${answer.replaceAll('\n', ' ')}\n`);
});
