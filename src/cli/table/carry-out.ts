import type { z } from 'zod';
import type { AnyTapestry } from '../../authoring';
import type { Selvage } from '../../client';
import { invoke } from '../../operations/invoke';
import type { Need, Operation } from '../../operations/operation';
import { ServerReach } from '../../operations/reach';
import { ownRights, projectData } from '../../operations/surroundings';
import type { Backends } from '../../ports';
import { apiOf, type ApiOptions, type ServerOptions } from '../options/server-options';
import { hasHistory, requireHistory, withRecords } from '../location/records';
import type { Output } from '../output/output';

/** Who waits at a command line decides how long, by Ctrl-C. */
const PATIENCE_MS = 600_000;

/** What an operation needs that does not say. */
export const RECORDS: readonly Need[] = ['records'];

/** Says an answer in words, and warns of what is in it. */
export type Show<One extends Operation> = (
  answer: z.output<One['answer']>,
  ask: z.input<One['ask']>,
  output: Output,
  options: ServerOptions,
) => string;

/** What else a verb does. */
export interface More<One extends Operation> {
  /** Default: 0. */
  readonly exitCode?: (answer: z.output<One['answer']>) => number;
  /** Says what is to be known before a server is asked, which may take its time. */
  readonly before?: (
    selvage: Selvage,
    ask: z.input<One['ask']>,
    options: ServerOptions,
    output: Output,
  ) => Promise<void>;
}

/** Connects to what an operation needs, or to a page elsewhere, and prints its answer: as it is with `--json`, else in words. */
export async function carryOut<One extends Operation>(
  operation: One,
  ask: z.input<One['ask']>,
  show: Show<One>,
  options: ServerOptions & ApiOptions,
  output: Output,
  { exitCode, before }: More<One>,
  tapestries: readonly AnyTapestry[],
): Promise<number> {
  const told = (answer: z.output<One['answer']>): number => {
    const code = output.finish(answer, () => show(answer, ask, output, options));
    return exitCode?.(answer) ?? code;
  };
  const { needs = RECORDS } = operation;
  // What needs nothing is answered here, unless it is asked elsewhere expressly.
  const api = needs.length === 0 ? options.api : apiOf(options);
  if (api !== undefined) {
    const { RemoteApi, tokenOf } = await import('../../api/remote.js');
    const remote = new RemoteApi({ url: api, token: tokenOf(process.env) });
    output.say(`API ${remote.address}`);
    return told(await remote.invoke(operation, ask));
  }
  const answerFrom = async (backends: Backends, reach: ServerReach): Promise<number> => {
    if (needs.includes('changes'))
      (await import('../../deliveries/index.js')).requireFeed(backends.runHistory);
    const of = { ...projectData(backends, reach, { tapestries }), caller: ownRights('cli') };
    return told(await invoke(operation, of, ask));
  };
  const fromRecords = (backends: Backends): Promise<number> =>
    answerFrom(backends, ServerReach.none('It is answered from records alone.'));
  // What a file says, it says before the first run, too; that creates no files.
  if (needs.length === 0 || (operation.readsFile && !hasHistory(options))) {
    const { createInMemoryBackends } = await import('../../backends/in-memory.js');
    return await fromRecords(createInMemoryBackends());
  }
  if (!operation.asksServer && !needs.includes('server')) return await withRecords(options, fromRecords);
  // Questions to the records load nothing of the server.
  const { awayText, withClient, withClientOrRecords } = await import('../location/connect.js');
  const fromServer = async (selvage: Selvage): Promise<number> => {
    await before?.(selvage, ask, options, output);
    const reach = ServerReach.of(selvage, PATIENCE_MS);
    const code = await answerFrom(selvage.backends, reach);
    if (operation.asksServer && reach.state === 'unreachable') output.warn(awayText(output));
    return code;
  };
  if (needs.includes('records')) requireHistory(options);
  return operation.asksServer
    ? await withClientOrRecords(options, output, fromServer, fromRecords)
    : await withClient(options, output, fromServer);
}
