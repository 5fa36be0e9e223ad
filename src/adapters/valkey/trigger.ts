import { isAway } from '../../errors';
import { triggerName, type Trigger, type TriggerHost, type ValkeyTriggerDeclaration } from '../../triggers';
import { openValkey } from './open';
import type { ValkeyConnection } from './connection';
import { ChannelSource } from './channel-source';
import { Retrier } from './retrier';
import { StreamSource } from './stream-source';
import { urlFrom, type Environment } from './url-from';

/**
 * Makes a declared Valkey trigger ready to run. The trigger's run survives outages of the server. A run rejects if the
 * address is missing or wrong, or the user lacks a permission.
 */
export function createValkeyTrigger(
  declaration: ValkeyTriggerDeclaration,
  environment: Environment = process.env,
): Trigger {
  const { id, kind, options: settings } = declaration;
  const name = triggerName(declaration);
  const url = urlFrom(`The trigger ${name}`, settings.connection, environment);
  return {
    id,
    kind,
    run: async (host) => {
      const connection = await connect(url, host);
      if (!connection) return;
      try {
        const source =
          settings.source === 'stream'
            ? new StreamSource({ name, settings, host, connection })
            : new ChannelSource({ settings, host, connection });
        await source.run();
      } finally {
        await connection.close();
      }
    },
  };
}

/** Returns undefined if the trigger stopped before the server could be reached. */
async function connect(url: string, host: TriggerHost): Promise<ValkeyConnection | undefined> {
  return await new Retrier(host).retry(
    'connect',
    () => openValkey({ url }),
    (error) => !isAway(error),
  );
}
