import type { SelvageError } from '../../errors';
import { enveloped, type Emitter, type ValkeyEmitterDeclaration, type CloudEvent } from '../../emitters';
import type { ValkeyConnection } from './connection';
import { openValkey } from './open';
import { urlFrom, type Environment } from './url-from';

/** The emitter connects at the first delivery. Throws `InvalidConfig` if the environment does not name a server. */
export function createValkeyEmitter(
  { name, options }: ValkeyEmitterDeclaration,
  environment: Environment = process.env,
): Emitter {
  const { stream, maxLength, channel } = options;
  const url = urlFrom(`The emitter "${name}"`, options.connection, environment);
  let opening: Promise<ValkeyConnection> | undefined;
  const connection = async (): Promise<ValkeyConnection> => {
    opening ??= openValkey({ url });
    try {
      return await opening;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  };
  return {
    async deliver(events, context) {
      const server = await connection();
      const made: CloudEvent[] = [];
      for (const event of events) made.push(await enveloped(event, options, context));
      context.signal.throwIfAborted();
      // The commands go in a pipeline; the server keeps the order.
      const replies = await Promise.allSettled(
        made.flatMap((event) => [
          server.command('xadd', stream, 'MAXLEN', '~', maxLength, '*', ...fieldsOf(event)),
          ...(channel === undefined ? [] : [server.command('publish', channel, JSON.stringify(event))]),
        ]),
      );
      const failed = replies.find((reply) => reply.status === 'rejected');
      if (failed) throw failed.reason as SelvageError;
    },
    async close() {
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

function fieldsOf({ data, ...attributes }: CloudEvent): string[] {
  const fields = Object.entries(attributes).flatMap(([name, text]) => [name, String(text)]);
  return [...fields, 'data', JSON.stringify(data)];
}
