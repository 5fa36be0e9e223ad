import { InvalidArgumentError } from 'commander';
import { FORMATS, type LogFormat } from '../../connection/log-line';
import type { ConnectOptions } from '../../client';
import { kebab } from '../../operations/operation';
import type { Output } from '../output/output';
import { flag, valued, type Chosen, type Options } from './option';

/** Heading of options for server and project, which a help text has only with `--all`. */
export const CONNECTION = 'Connection:';

function ofConnection<All extends Options>(all: All): All {
  const grouped = Object.entries(all).map(([name, make]) => [
    name,
    (given: string) => make(given).helpGroup(CONNECTION),
  ]);
  return Object.fromEntries(grouped) as All;
}

export const JSON_DOCUMENT = {
  json: flag('write one JSON document to stdout, and everything else to stderr'),
};

export const VERBOSE = { verbose: flag("show stacks of errors and the SDK's messages") };

/** Options for verbs without a server. */
export const STACKS = { verbose: flag('show stacks of errors') };

/** Options that tie a command to this machine, or to a server that it reaches itself. */
const PLACES = [
  'address',
  'namespace',
  'profile',
  'port',
  'durable',
  'temporalUi',
  'projectDir',
  'capsule',
  'parquet',
] as const;

const CONNECTING = {
  projectDir: valued(
    '<folder>',
    'folder whose .selvage holds server and data (default: the nearest from here up that has one, else here)',
  ),
  address: valued(
    '<host:port>',
    'Temporal server (default: --profile, TEMPORAL_ADDRESS, else an embedded server)',
  ),
  namespace: valued('<name>', 'namespace of the server'),
  profile: valued('<name>', 'profile of your temporal.toml'),
  port: valued('<number>', 'port of the embedded server', { read: portNumber }),
  durable: flag('let the embedded server survive power cuts, too'),
  temporalUi: flag("let the embedded server serve Temporal's web page, which has no password"),
  api: valued(
    '<url>',
    'ask the page at this address, and no project and no server here; its token is SELVAGE_TOKEN, or in the file SELVAGE_TOKEN_FILE (default: SELVAGE_API)',
    { conflicts: [...PLACES] },
  ),
};

const { projectDir, address, namespace, profile, port, durable, temporalUi, api } = ofConnection(CONNECTING);
const OF_SERVER = { address, namespace, profile };

/** Options for verbs that read or write a project. */
export const PROJECT = { projectDir, ...VERBOSE };

/** Options for verbs that use a server. */
export const SERVER = { ...PROJECT, ...OF_SERVER, port, durable, temporalUi };

/** Options for verbs whose `--port` is not the embedded server's. */
export const SERVER_BESIDE = { ...PROJECT, ...OF_SERVER, temporalPort: port, durable, temporalUi };

export const API = { api };

export const CAPSULE = {
  capsule: valued('<file>', 'read this file of `selvage capsule`, and no project and no server'),
};

export const PARQUET = {
  parquet: valued(
    '<folder>',
    'of the files that `selvage history export` has written there, and of no project',
  ),
};

export type RecordOptions = Partial<
  Pick<Chosen<typeof CONNECTING>, 'projectDir'> & Chosen<typeof CAPSULE & typeof PARQUET>
>;
export type ApiOptions = Partial<Chosen<typeof API>>;
export type ServerOptions = RecordOptions & Partial<Chosen<typeof SERVER>> & { readonly taskQueue?: string };

export const PAGE = {
  port: valued('<number>', 'port of the page; 0: any that is free (default: 4480, or one that is free)', {
    read: listeningPort,
  }),
  host: valued('<address>', 'address that the page listens on; 0.0.0.0: all networks of this machine', {
    default: '127.0.0.1',
  }),
  publicHost: valued('<name>', 'name by which a proxy serves the page; may be repeated', { read: collect }),
  readOnly: flag('let nobody act on the page'),
  requireToken: flag('let nobody read the page without the token, on this machine either'),
};

const { port: uiPort, host: uiHost, ...ofPages } = PAGE;
/** Options for verbs with another port and host. */
export const UI_PAGE = { uiPort, uiHost, ...ofPages };

export const SERVICE = {
  logFormat: valued('<format>', 'how its log is written (default: SELVAGE_LOG_FORMAT, else text)', {
    choices: FORMATS,
  }),
};

export const HEALTH = {
  ...SERVICE,
  healthPort: valued('<port>', 'answer /livez, /readyz and /metrics on this port; 0: any that is free', {
    read: listeningPort,
  }),
  host: valued('<address>', 'address of --health-port; 0.0.0.0: all networks of this machine', {
    default: '127.0.0.1',
  }),
};

/** Sets environment variables, which apply to this process and its children. */
export function heedLogFormat({ logFormat }: { readonly logFormat?: LogFormat }): void {
  if (logFormat) process.env['SELVAGE_LOG_FORMAT'] = logFormat;
}

/** The address of the answering page; undefined if the options name a server or a project here. */
export function apiOf(options: ServerOptions & ApiOptions): string | undefined {
  if (options.api !== undefined) return options.api;
  if (PLACES.some((place) => options[place] !== undefined)) return undefined;
  return process.env['SELVAGE_API'] || undefined;
}

export function connectOptions(options: ServerOptions, output: Output): ConnectOptions {
  const { address, namespace, profile, projectDir, port, durable, temporalUi, taskQueue } = options;
  return {
    address,
    namespace,
    profile,
    projectDir,
    port,
    durable,
    temporalUi,
    taskQueue,
    log: (message) => output.warn(message),
  };
}

/** The options of a verb whose `--port` is not the embedded server's, with the server's port as `port`. */
export function withServerPort<Options extends { readonly temporalPort?: number; readonly port?: number }>({
  temporalPort,
  ...options
}: Options): Omit<Options, 'temporalPort'> {
  return { ...options, port: temporalPort };
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 65535.');
  }
  return value;
}

/** 0: Reads a port's number; 0 stands for any free port. */
export function listeningPort(text: string): number {
  return text === '0' ? 0 : portNumber(text);
}

/** The server and folder as words, for another command about the same run. */
export function placeWords({
  api,
  address,
  namespace,
  profile,
  projectDir,
}: ServerOptions & ApiOptions): string[] {
  return words({ api, address, namespace, profile, projectDir });
}

function words(valued: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(valued).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${kebab(name)}`, String(value)],
  );
}

/** All options as words, for a process that does the same. */
export function workerWords(options: ServerOptions & { readonly verbose?: boolean }): string[] {
  const { address, namespace, profile, projectDir, port, durable, temporalUi, taskQueue, verbose } = options;
  return [
    ...words({ address, namespace, profile, projectDir, port, taskQueue }),
    ...(durable ? ['--durable'] : []),
    ...(temporalUi ? ['--temporal-ui'] : []),
    ...(verbose ? ['--verbose'] : []),
  ];
}

export function commaSeparated(value: string): readonly string[] {
  return value.split(',').map((part) => part.trim());
}

/** Reads an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
