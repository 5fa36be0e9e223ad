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

/** Milliseconds; a user at a command line may end the wait by Ctrl-C. */
const PATIENCE_MS = 600_000;

/** Default of an operation's `needs`. */
export const RECORDS: readonly Need[] = ['records'];

/** Renders an answer, and may print warnings. */
export type Show<One extends Operation> = (
  answer: z.output<One['answer']>,
  ask: z.input<One['ask']>,
  output: Output,
  options: ServerOptions,
) => string;

export interface More<One extends Operation> {
  /** Default: 0. */
  readonly exitCode?: (answer: z.output<One['answer']>) => number;
  /** Prints notices before a server is asked, which may take its time. */
  readonly before?: (
    selvage: Selvage,
    ask: z.input<One['ask']>,
    options: ServerOptions,
    output: Output,
  ) => Promise<void>;
}

/** Carries out an operation, here or at a page elsewhere; prints the answer as it is (`--json`) or as a text. */
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
  // An operation without needs is carried out here, unless an explicit `--api` is given.
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
  // Facts about the file itself need no records, and reading them must create no files.
  if (needs.length === 0 || (operation.readsFile && !hasHistory(options))) {
    const { createInMemoryBackends } = await import('../../backends/in-memory.js');
    return await fromRecords(createInMemoryBackends());
  }
  if (!operation.asksServer && !needs.includes('server')) return await withRecords(options, fromRecords);
  // The server's modules are loaded late, because queries to records do not need them.
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
