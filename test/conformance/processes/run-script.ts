import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';

/** Starts a script of this folder as a Node process of its own. */
export function startScript(name: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', path.join(__dirname, name), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Runs a script to its end and answers what it printed. */
export async function runScript(name: string, args: readonly string[]): Promise<string> {
  const child = startScript(name, args);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ended with ${code ?? signal}.`);
  return output;
}

export interface Killed {
  /** The names after `begin` and `end`, in order. */
  readonly begun: string[];
  readonly ended: string[];
  readonly signal: string | null;
}

/**
 * Runs a script that prints `begin <name>` and `end <name>` around each piece of work, and kills it with SIGKILL between the two, once
 * `after` pieces are done: `delay` milliseconds after the next begin.
 */
export async function killInMidWork(
  name: string,
  args: readonly string[],
  after: number,
  delay: number,
): Promise<Killed> {
  const child = startScript(name, args);
  let output = '';
  let isStruck = false;
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const { begun, ended } = parse(output);
    if (isStruck || ended.length < after || begun.length === ended.length) return;
    isStruck = true;
    setTimeout(() => child.kill('SIGKILL'), delay);
  });
  const [, signal] = await once(child, 'close');
  return { ...parse(output), signal };
}

function parse(output: string): Pick<Killed, 'begun' | 'ended'> {
  const lines = output.split('\n').slice(0, -1);
  const named = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  return { begun: named('begin'), ended: named('end') };
}
