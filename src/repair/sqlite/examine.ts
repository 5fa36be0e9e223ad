import { loadLibsql } from '../../adapters/shared/sqlite';
import { isDamaged, newDamage, walkTree } from './b-tree';
import { Pages } from './pages';
import { readSchema, treeKindOf } from './schema';

const MOST_FINDINGS = 20;

/**
 * What is wrong with a database file, in a few words each; nothing where it is sound. All of it is read. SQLite itself looks at it only
 * after every page has been found to be in its place: opening a damaged file changes it.
 */
export async function examineWhole(file: string): Promise<string[]> {
  const findings = examinePages(file);
  if (findings.length > 0) return findings;
  const Database = await loadLibsql();
  const connection = new Database(file, { timeout: 0 });
  try {
    const rows = connection.prepare(`pragma integrity_check(${MOST_FINDINGS})`).all();
    const lines = rows.map((row) => String(Object.values(row as object)[0]));
    return lines.length === 1 && lines[0] === 'ok' ? [] : lines;
  } catch (error) {
    return [(error as Error).message];
  } finally {
    connection.close();
  }
}

function examinePages(file: string): string[] {
  const pages = new Pages(file);
  try {
    if (pages.count === 0) return [];
    const findings: string[] = [];
    if (pages.lostFrames > 0) {
      findings.push(`${pages.lostFrames} pages of the log ${file}-wal cannot be read`);
    }
    if (!pages.hasHeader) return [...findings, 'it does not begin as an SQLite database does'];
    const reached = new Set<number>();
    const schema = readSchema(pages, reached);
    if (!schema) return [...findings, 'the list of its tables cannot be read'];
    for (const object of schema) {
      const { type, name, root } = object;
      if (root === 0) continue;
      const damage = newDamage();
      walkTree(pages, root, treeKindOf(object), reached, damage, () => {});
      if (isDamaged(damage)) findings.push(`${type} ${name}: ${describe(damage.pages.length, damage.rows)}`);
    }
    if (!pages.free()) findings.push('the list of its free pages cannot be read');
    return findings.slice(0, MOST_FINDINGS);
  } finally {
    pages.close();
  }
}

function describe(pages: number, rows: number): string {
  const parts = [
    ...(pages > 0 ? [`${pages} ${pages === 1 ? 'page' : 'pages'} cannot be read`] : []),
    ...(rows > 0 ? [`${rows} ${rows === 1 ? 'row' : 'rows'} cannot be read`] : []),
  ];
  return parts.join(', ');
}
