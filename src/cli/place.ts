import type { Place } from '../client';

/** The first line of every command that talks to a server: which one it is. */
export function describePlace({ address, namespace, source, uiUrl }: Place): string {
  const which = source === 'embedded' ? 'embedded server' : 'server';
  return `Temporal ${which} ${address}, namespace ${namespace}${uiUrl ? ` (${uiUrl})` : ''}`;
}
