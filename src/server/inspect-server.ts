import { isAlive } from './process-identity';
import { isInOffice, readState, refuseUnreleased, serverFolder } from './server-folder';

/** How the embedded server of a project stands. */
export interface EmbeddedServerReport {
  /** `absent`: it has never run in this project. */
  readonly phase: 'running' | 'starting' | 'stopped' | 'failed' | 'absent';
  /** Its database, log and state. */
  readonly folder: string;
  /** While it runs. */
  readonly address?: string;
  readonly uiUrl?: string;
  readonly pid?: number;
  /** Why the last start went wrong. */
  readonly failure?: string;
}

/** Looks at the embedded server of a project without starting, stopping or writing anything. Throws FolderUnusable or UnreleasedData. */
export function inspectEmbeddedServer(projectDir: string): EmbeddedServerReport {
  const folder = serverFolder(projectDir);
  refuseUnreleased(folder);
  const state = readState(folder);
  if (!state) return { phase: 'absent', folder: folder.root };
  if (state.phase === 'failed')
    return { phase: 'failed', folder: folder.root, failure: state.failure?.message };
  if (!isInOffice(state)) return { phase: 'stopped', folder: folder.root };
  const { server, port, uiPort } = state;
  if (state.phase !== 'ready' || !server || !isAlive(server))
    return { phase: 'starting', folder: folder.root };
  return {
    phase: 'running',
    folder: folder.root,
    pid: server.pid,
    address: `127.0.0.1:${port}`,
    uiUrl: `http://127.0.0.1:${uiPort}`,
  };
}
