import { isAlive } from './process-identity';
import { isInOffice, readState, refuseUnreleased, serverFolder, type ServerState } from './server-folder';

export interface EmbeddedServerReport {
  /** `absent`: the server has never run in this project. */
  readonly phase: 'running' | 'starting' | 'stopped' | 'failed' | 'absent';
  /** The folder with its database, log and state. */
  readonly folder: string;
  /** The server's address, only while it runs. */
  readonly address?: string;
  /** The page's address, only while the server serves Temporal's web page. */
  readonly uiUrl?: string | undefined;
  readonly pid?: number;
  /** The reason why the last start failed. */
  readonly failure?: string;
}

/** The inspection starts, stops and writes nothing. Throws FolderUnusable or UnreleasedData. */
export function inspectEmbeddedServer(projectDir: string): EmbeddedServerReport {
  const folder = serverFolder(projectDir);
  refuseUnreleased(folder);
  const state = readState(folder);
  if (!state) return { phase: 'absent', folder: folder.root };
  if (state.phase === 'failed')
    return { phase: 'failed', folder: folder.root, failure: state.failure?.message };
  if (!isInOffice(state)) return { phase: 'stopped', folder: folder.root };
  const { server, port } = state;
  if (state.phase !== 'ready' || !server || !isAlive(server))
    return { phase: 'starting', folder: folder.root };
  return {
    phase: 'running',
    folder: folder.root,
    pid: server.pid,
    address: `127.0.0.1:${port}`,
    uiUrl: uiUrlOf(state),
  };
}

export function uiUrlOf({ uiPort }: ServerState): string | undefined {
  return uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`;
}
