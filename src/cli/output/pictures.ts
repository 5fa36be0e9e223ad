import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RunResult } from '../../authoring/outcome';
import type { RunGraph } from '../../authoring/run-graph';
import { SelvageError } from '../../errors';
import { flag, valued, type Chosen } from '../options/option';
import { openInBrowser } from './open-in-browser';
import type { Output } from './output';
import { writeWhole } from './write-whole';

const FORMATS = ['mermaid', 'svg', 'html', 'markdown'] as const;
export type PictureFormat = (typeof FORMATS)[number];

export type PictureOptions = Chosen<typeof PICTURES_OF_RUN>;

/** Files that a mistaken argument must not overwrite. */
const SOURCES = /\.(?:[cm]?[jt]sx?|ya?ml|json)$/i;

const picturesOf = (what: string) => ({
  mermaid: valued<string | true>('[file]', `write ${what} as a Mermaid flowchart`),
  svg: valued<string | true>('[file]', `write ${what} as one SVG`),
  html: valued<string | true>('[file]', `write ${what} as one page that needs no network`),
  markdown: valued<string | true>('[file]', 'write a report for a pull request'),
  out: valued('<file>', 'where to write it (default: to stdout)', { short: '-o' }),
  open: flag('open it in the browser; without another format, as --html'),
});

export const PICTURES_OF_PLAN = picturesOf('the graph');
export const PICTURES_OF_RUN = picturesOf('its graph');

/** Undefined: no picture. */
export function formatOf(options: PictureOptions): PictureFormat | undefined {
  const chosen = FORMATS.filter((format) => options[format] !== undefined);
  if (chosen.length > 1) {
    throw new SelvageError(
      'Usage',
      `One format at a time: ${chosen.map((format) => `--${format}`).join(' or ')}.`,
    );
  }
  if (chosen.length === 0 && options.out !== undefined && !options.open) {
    throw new SelvageError('Usage', 'Say what is to be written: --mermaid, --svg, --html or --markdown.');
  }
  return chosen[0] ?? (options.open ? 'html' : undefined);
}

/** Formats in `others` show more than the graph. */
export async function drawn(
  format: PictureFormat,
  graph: RunGraph,
  result: RunResult | undefined,
  others: Readonly<Record<'html' | 'markdown', () => Promise<string>>>,
): Promise<string> {
  if (format === 'mermaid') return (await import('../../visualisation/mermaid.js')).mermaidOf(graph);
  if (format === 'svg') return (await import('../../visualisation/svg.js')).svgOf(graph, result);
  return await others[format]();
}

/** Writes a picture to its file or to stdout, and opens it if asked to. */
export async function givePicture(
  format: PictureFormat,
  text: string,
  options: PictureOptions,
  output: Output,
): Promise<void> {
  const file = await fileOf(format, options);
  if (file === undefined) {
    if (output.json) output.document({ format, text });
    else output.raw(text);
    return;
  }
  await writeWhole(file, text);
  const bytes = Buffer.byteLength(text);
  output.say(`${file} is written (${Math.ceil(bytes / 1024)} KiB).`);
  if (output.json) output.document({ format, file, bytes });
  if (options.open) openInBrowser(pathToFileURL(file).href, output);
}

async function fileOf(format: PictureFormat, options: PictureOptions): Promise<string | undefined> {
  const own = options[format];
  const named = options.out ?? (typeof own === 'string' ? own : undefined);
  if (named !== undefined) {
    const file = path.resolve(named);
    if (SOURCES.test(file) && existsSync(file)) {
      throw new SelvageError(
        'Usage',
        `${file} is a file of source and is left alone. Name another file: -o graph.${EXTENSIONS[format]}`,
        { details: { file } },
      );
    }
    return file;
  }
  if (!options.open) return undefined;
  return path.join(await mkdtemp(path.join(os.tmpdir(), 'selvage-')), `graph.${EXTENSIONS[format]}`);
}

const EXTENSIONS: Readonly<Record<PictureFormat, string>> = {
  mermaid: 'mmd',
  svg: 'svg',
  html: 'html',
  markdown: 'md',
};
