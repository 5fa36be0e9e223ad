import { workerData } from 'node:worker_threads';
import { withinSpan } from '../adapters/open-telemetry/body-traces';
import {
  BodyServer,
  PortLink,
  type ThreadData,
  type BodyDescription,
  type ServedBodies,
} from '../body-hosts';
import { markBodyThread, withNested } from '../runtime';
import { recordOf, type AnyTapestry } from '../authoring';
import { bodyNames } from '../authoring/body-names';
import type { KnotBody } from '../authoring/records';
import { isDocument, loadCode } from '../user-modules';

/* The program of a body thread: loads the file that the worker has loaded, and calls its bodies. */

markBodyThread();
const { module: file, port } = workerData as ThreadData;
const link = new PortLink({
  post: (message, transfer) => port.postMessage(message, [...transfer]),
  close: () => port.close(),
});
port.on('message', (message) => link.take(message));
new BodyServer(link, () => servedBy(file), withinSpan);

async function servedBy(module: string): Promise<ServedBodies> {
  const { tapestries, resources } = await load(module);
  const all = new Set(tapestries.flatMap((tapestry) => [...withNested(recordOf(tapestry))]));
  const names = new Map(bodyNames(all));
  const bodies = [...names].map(([name, { receives, source }]): BodyDescription => ({
    name,
    receives,
    source,
    isAsync: false,
  }));
  return { bodies, resources, find: (name): KnotBody | undefined => names.get(name)?.body };
}

interface Loaded {
  readonly tapestries: readonly AnyTapestry[];
  readonly resources: Readonly<Record<string, unknown>>;
}

async function load(module: string): Promise<Loaded> {
  if (isDocument(module)) {
    const { loadPipelineFile } = await import('../yaml/index.js');
    return { tapestries: (await loadPipelineFile(module)).tapestries, resources: {} };
  }
  const { tapestries, exported } = await loadCode(module);
  const { threadResources } = exported as { readonly threadResources?: () => unknown };
  const resources = typeof threadResources === 'function' ? await threadResources() : {};
  return { tapestries, resources: resources as Loaded['resources'] };
}
