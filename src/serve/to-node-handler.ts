import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { nodeSurroundings } from '../http/node-surroundings';

type Fetch = (request: Request, surroundings?: unknown) => Response | Promise<Response>;

/** A handler in the form that `node:http`, connect and express call. */
export type NodeHandler = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * Converts a handler (`toFetchHandler(…)`, `serve(…)`) to one for `node:http`, connect and express.
 * In express, mount the handler before body parsers, since a signature needs the unparsed body:
 * `app.use('/hooks', toNodeHandler(handler))`.
 */
export function toNodeHandler(handler: Fetch | { readonly fetch: Fetch }): NodeHandler {
  const fetch: Fetch =
    typeof handler === 'function' ? handler : (request, surroundings) => handler.fetch(request, surroundings);
  const listener = getRequestListener(
    (request, { incoming }) => {
      // Express and connect set `baseUrl`, the prefix that they removed from the path.
      const { baseUrl, rawBody } = incoming as { baseUrl?: unknown; rawBody?: unknown };
      const { readableDidRead } = incoming as IncomingMessage;
      return fetch(
        request,
        nodeSurroundings({
          mountedAt: typeof baseUrl === 'string' ? baseUrl : '',
          isBodyRead: readableDidRead === true && rawBody === undefined,
        }),
      );
    },
    // The process belongs to the user, so its global objects stay.
    { overrideGlobalObjects: false },
  );
  return (incoming, outgoing) => {
    listener(incoming, outgoing).catch(() => outgoing.destroy());
  };
}
