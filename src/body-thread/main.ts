import { workerData } from 'node:worker_threads';
import { withinSpan } from '../adapters/open-telemetry/body-traces';
import { BodyServer, PortLink, type ThreadData } from '../body-hosts';
import { markBodyThread } from '../runtime';
import { servedBy } from './served-module';

/* What runs in a body thread: it loads the file that the worker has loaded, and calls its bodies. */

markBodyThread();
const { module: file, port } = workerData as ThreadData;
const link = new PortLink({
  post: (message, transfer) => port.postMessage(message, [...transfer]),
  close: () => port.close(),
});
port.on('message', (message) => link.take(message));
new BodyServer(link, () => servedBy(file), withinSpan);
