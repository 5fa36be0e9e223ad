import { spawn } from 'node:child_process';
import type { Output } from './output';

const PROGRAMS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens an address, or a file by its URL. Only warns if there is no browser. */
export function openInBrowser(url: string, output: Output): void {
  const [program, ...words] = PROGRAMS[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true });
  child.once('error', () => output.warn(`No browser could be opened (${program}). Open the page yourself.`));
  child.unref();
}
