import { EmbeddedServer } from '../../../src/server';
import { endServices, nameServices, prepareServices, temporalService } from '../../support/services';
import { embeddedServer, ServerBlows, sharedService } from './server-blows';

/** `embedded`: the embedded server and SQLite. `production`: a Temporal server on PostgreSQL, stores there and in S3. */
export type CompositionName = 'embedded' | 'production';

/** The servers that all runs of a campaign share. */
export interface Composition {
  /** Address of the Temporal server. */
  readonly address: string;
  /** The point of a blow that is dealt to a server, and the server that it hits. */
  readonly servers: ReadonlyMap<string, ServerBlows>;
  close(): Promise<void>;
}

/** @param folder for what the embedded server keeps */
export async function compose(name: CompositionName, folder: string): Promise<Composition> {
  return name === 'production' ? await composeProduction() : await composeEmbedded(folder);
}

async function composeEmbedded(projectDir: string): Promise<Composition> {
  const server = await EmbeddedServer.acquire({ projectDir });
  return {
    address: server.address,
    servers: new Map([['server', new ServerBlows(embeddedServer(server))]]),
    close: () => server.release({ wait: true }),
  };
}

/** None that the environment names: who kills a server must be able to start it again. */
const NAMING = ['SELVAGE_TEST_TEMPORAL_ADDRESS', 'SELVAGE_TEST_POSTGRES'];

async function composeProduction(): Promise<Composition> {
  const named = NAMING.find((variable) => process.env[variable]);
  if (named)
    throw new Error(`The campaign kills its servers, so that it must start them itself: unset ${named}.`);
  prepareServices();
  const servers = new Map([
    ['server', new ServerBlows(sharedService('temporal'))],
    ['database', new ServerBlows(sharedService('postgres'))],
  ]);
  const address = await temporalService();
  await nameServices('postgres', 's3');
  return {
    address,
    servers,
    async close() {
      for (const blows of servers.values()) await blows.settled();
      await endServices();
    },
  };
}
