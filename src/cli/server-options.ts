import { InvalidArgumentError, type Command } from 'commander';
import type { ConnectOptions } from '../client';
import type { Output } from './output';

/** What every command takes that talks to a server. */
export interface ServerOptions {
  readonly address?: string;
  readonly namespace?: string;
  readonly profile?: string;
  readonly projectDir?: string;
  readonly port?: number;
  readonly durable?: boolean;
  readonly taskQueue?: string;
}

export function addServerOptions(command: Command): Command {
  return addCommonOptions(command)
    .option(
      '--address <host:port>',
      'Temporal server (default: --profile, TEMPORAL_ADDRESS, else an embedded server)',
    )
    .option('--namespace <name>', 'namespace of the server')
    .option('--profile <name>', 'profile of your temporal.toml')
    .option('--port <number>', 'port of the embedded server', portNumber)
    .option('--durable', 'let the embedded server survive power cuts, too');
}

export function addCommonOptions(command: Command): Command {
  return command
    .option(
      '--project-dir <folder>',
      'folder whose .selvage holds server and data (default: the nearest from here up that has one, else here)',
    )
    .option('--verbose', "show stacks of errors and the SDK's messages");
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'write one JSON document to stdout, and everything else to stderr');
}

export function connectOptions(options: ServerOptions, output: Output): ConnectOptions {
  const { address, namespace, profile, projectDir, port, durable, taskQueue } = options;
  return {
    ...(address !== undefined && { address }),
    ...(namespace !== undefined && { namespace }),
    ...(profile !== undefined && { profile }),
    ...(projectDir !== undefined && { projectDir }),
    ...(port !== undefined && { port }),
    ...(durable !== undefined && { durable }),
    ...(taskQueue !== undefined && { taskQueue }),
    log: (message) => output.warn(message),
  };
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

/** What says which server and folder are meant, in the words of the command line: for another command about the same run. */
export function placeWords({ address, namespace, profile, projectDir }: ServerOptions): string[] {
  return words({ address, namespace, profile, projectDir });
}

function words(valued: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(valued).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, String(value)],
  );
}

/** The options in the words of the command line, for a process that does the same. */
export function workerWords(options: ServerOptions & { readonly verbose?: boolean }): string[] {
  const { address, namespace, profile, projectDir, port, durable, taskQueue, verbose } = options;
  return [
    ...words({ address, namespace, profile, projectDir, port, taskQueue }),
    ...(durable ? ['--durable'] : []),
    ...(verbose ? ['--verbose'] : []),
  ];
}
