import { InvalidArgumentError, Option, type Command } from 'commander';
import { FORMATS, type LogFormat } from '../../connection/log-line';
import type { ConnectOptions } from '../../client';
import { kebab } from '../../operations/operation';
import type { Output } from '../output/output';

export interface RecordOptions {
  readonly projectDir?: string;
  /** Reads records from this file only. */
  readonly capsule?: string;
  /** Reads records from files in this folder only. */
  readonly parquet?: string;
}

export interface ApiOptions {
  readonly api?: string;
}

export interface ServerOptions extends RecordOptions {
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
  readonly port?: number;
  readonly durable?: boolean;
  readonly temporalUi?: boolean;
  readonly taskQueue?: string;
}

export interface ServiceOptions {
  readonly logFormat?: LogFormat;
}

export interface HealthOptions extends ServiceOptions {
  readonly healthPort?: number;
  readonly host: string;
}

export interface PageOptions {
  readonly publicHost?: readonly string[];
  readonly readOnly?: boolean;
  readonly requireToken?: boolean;
}

/** @param prefix of port and host, if the command has other options of these names */
export function addPageOptions(command: Command, prefix: '' | 'ui-' = ''): Command {
  return command
    .option(
      `--${prefix}port <number>`,
      'port of the page; 0: any that is free (default: 4480, or one that is free)',
      listeningPort,
    )
    .option(
      `--${prefix}host <address>`,
      'address that the page listens on; 0.0.0.0: all networks of this machine',
      '127.0.0.1',
    )
    .option('--public-host <name>', 'name by which a proxy serves the page; may be repeated', collect)
    .option('--read-only', 'let nobody act on the page')
    .option('--require-token', 'let nobody read the page without the token, on this machine either');
}

export function addServiceOptions(command: Command): Command {
  return command.addOption(
    new Option(
      '--log-format <format>',
      'how its log is written (default: SELVAGE_LOG_FORMAT, else text)',
    ).choices(FORMATS),
  );
}

/** Applies to this process and its children. */
export function heedLogFormat({ logFormat }: ServiceOptions): void {
  if (logFormat) process.env['SELVAGE_LOG_FORMAT'] = logFormat;
}

export function addHealthOptions(command: Command): Command {
  return addServiceOptions(command)
    .option(
      '--health-port <port>',
      'answer /livez, /readyz and /metrics on this port; 0: any that is free',
      listeningPort,
    )
    .option(
      '--host <address>',
      'address of --health-port; 0.0.0.0: all networks of this machine',
      '127.0.0.1',
    );
}

/** Heading of options for server and project, which a help text has only with `--all`. */
export const CONNECTION = 'Connection:';

/** @param portOption the embedded server's port, if `--port` means something else */
export function addServerOptions(command: Command, portOption = '--port'): Command {
  return addCommonOptions(command)
    .optionsGroup(CONNECTION)
    .option(
      '--address <host:port>',
      'Temporal server (default: --profile, TEMPORAL_ADDRESS, else an embedded server)',
    )
    .option('--namespace <name>', 'namespace of the server')
    .option('--profile <name>', 'profile of your temporal.toml')
    .option(`${portOption} <number>`, 'port of the embedded server', portNumber)
    .option('--durable', 'let the embedded server survive power cuts, too')
    .option('--temporal-ui', "let the embedded server serve Temporal's web page, which has no password")
    .optionsGroup('');
}

export function addCommonOptions(command: Command): Command {
  return command
    .optionsGroup(CONNECTION)
    .option(
      '--project-dir <folder>',
      'folder whose .selvage holds server and data (default: the nearest from here up that has one, else here)',
    )
    .optionsGroup('')
    .addOption(verboseOption());
}

export function verboseOption(): Option {
  return new Option('--verbose', "show stacks of errors and the SDK's messages");
}

/** Options that tie a command to this machine, or to a server that it reaches itself. */
const SERVER = ['address', 'namespace', 'profile', 'port', 'durable', 'temporalUi'] as const;
const PLACES = [...SERVER, 'projectDir', 'capsule', 'parquet'] as const;

export function addApiOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--api <url>',
      'ask the page at this address, and no project and no server here; its token is SELVAGE_TOKEN, or in the file SELVAGE_TOKEN_FILE (default: SELVAGE_API)',
    )
      .conflicts([...PLACES])
      .helpGroup(CONNECTION),
  );
}

/** The address of the answering page; undefined if the options name a server or a project here. */
export function apiOf(options: ServerOptions & ApiOptions): string | undefined {
  if (options.api !== undefined) return options.api;
  if (PLACES.some((place) => options[place] !== undefined)) return undefined;
  return process.env['SELVAGE_API'] || undefined;
}

export function addCapsuleOption(command: Command): Command {
  return command.option(
    '--capsule <file>',
    'read this file of `selvage capsule`, and no project and no server',
  );
}

export function addParquetOption(command: Command): Command {
  return command.option(
    '--parquet <folder>',
    'of the files that `selvage history export` has written there, and of no project',
  );
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'write one JSON document to stdout, and everything else to stderr');
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

/** For verbs whose `--port` is not the embedded server's. */
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

/** 0: any free port. */
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

/** For an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
