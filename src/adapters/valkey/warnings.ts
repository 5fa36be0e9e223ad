import { SelvageError } from '../../errors';
import { textOf } from './client-like';
import type { ValkeyConnection } from './connection';

const warned = new Set<string>();

interface Keeping {
  readonly appendOnly: boolean;
  /** The times when the server writes snapshots; empty for never. */
  readonly save: string;
  readonly evicts: 'nothing' | 'any key' | 'keys with a time to live';
  readonly policy: string;
}

/** Sentences about settings of the server that may lose data; no sentences if the server does not tell its settings. */
export async function threatsTo(connection: ValkeyConnection): Promise<string[]> {
  const keeping = await keepingOf(connection);
  if (keeping === undefined) return [];
  const threats: string[] = [];
  if (!keeping.appendOnly && keeping.save === '')
    threats.push(
      `The Valkey server ${connection.place} keeps its data in memory only: all of it is lost when it stops. Set \`appendonly yes\`.`,
    );
  if (
    keeping.evicts === 'any key' ||
    (keeping.evicts === 'keys with a time to live' && connection.settings.ttl > 0)
  )
    threats.push(
      `The Valkey server ${connection.place} removes ${keeping.evicts} when its memory is full (\`maxmemory-policy ${keeping.policy}\`): values that ` +
        'runs need would be gone. Set `maxmemory-policy noeviction`.',
    );
  return threats;
}

export async function warnOnce(connection: ValkeyConnection): Promise<void> {
  if (warned.has(connection.place)) return;
  warned.add(connection.place);
  for (const threat of await threatsTo(connection)) process.emitWarning(threat, { type: 'SelvageWarning' });
}

/** The settings are undefined if the user may not ask, or the server hides them, as managed ones do. */
async function keepingOf(connection: ValkeyConnection): Promise<Keeping | undefined> {
  const settings = await Promise.all(
    ['appendonly', 'save', 'maxmemory', 'maxmemory-policy'].map(settingOf(connection)),
  );
  const [appendOnly, save, maxmemory, policy] = settings;
  if (appendOnly === undefined || save === undefined || maxmemory === undefined || policy === undefined)
    return undefined;
  const evicts =
    maxmemory === '0' || policy === 'noeviction'
      ? 'nothing'
      : policy.startsWith('volatile')
        ? 'keys with a time to live'
        : 'any key';
  return { appendOnly: appendOnly === 'yes', save, evicts, policy };
}

function settingOf(connection: ValkeyConnection) {
  return async (name: string): Promise<string | undefined> => {
    try {
      const reply = await connection.command('config', 'GET', name);
      return Array.isArray(reply) && reply.length === 2 ? textOf((reply as unknown[])[1]) : undefined;
    } catch (error) {
      if (SelvageError.is(error)) return undefined;
      throw error;
    }
  };
}
