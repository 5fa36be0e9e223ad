import type { AnyTapestry, TapestryRecord } from '../../authoring';
import { statSync } from 'node:fs';
import path from 'node:path';
import { namesOf } from '../../deliveries/gather';
import { hearing, type EmitterDeclaration } from '../../emitters';
import { SelvageError } from '../../errors';
import { unusedParameter, unusedParameters } from '../../authoring/parameters';
import type { StreamDeclaration } from '../../streams';
import { triggerName, type TriggerDeclaration } from '../../triggers';
import {
  DOCUMENT_EXTENSIONS,
  JAVASCRIPT_EXTENSIONS,
  TYPESCRIPT_EXTENSIONS,
  isDocument,
  loadCode,
  noteLoaded,
} from '../../user-modules';
import type { PipelineProblem } from '../../yaml';
import type { Output } from '../output/output';
import { leaveSignals } from '../process/interruption';

export interface LoadedFile {
  readonly path: string;
  /** Exported tapestries, and those of the file's triggers. */
  readonly tapestries: readonly AnyTapestry[];
  readonly triggers: readonly TriggerDeclaration[];
  readonly streams: readonly StreamDeclaration[];
  /** Exported emitters. The emitters hear the runs of the file's tapestries; without tapestries, all runs. */
  readonly emitters: readonly EmitterDeclaration[];
  /** Problems of a document that prevent no run, with their places. */
  readonly warnings: readonly PipelineProblem[];
  /** Number of warnings beyond the listed ones. */
  readonly moreWarnings: number;
}

interface LoadOptions {
  /** The export that the command needs; `any`: any kind. Default: a tapestry. */
  readonly needs?: 'tapestry' | 'trigger' | 'stream' | 'any' | 'nothing';
}

const EXTENSIONS = [...TYPESCRIPT_EXTENSIONS, ...JAVASCRIPT_EXTENSIONS, ...DOCUMENT_EXTENSIONS];

/**
 * Loads a user's file: TypeScript, CommonJS, an ES module or a YAML document.
 *
 * @throws SelvageError `FileNotFound`, `FileNotLoadable`, `FileWithoutTapestry`, `FileWithoutTrigger`,
 * `DuplicateTrigger`, `InvalidPipeline`, or an authoring error of the file
 */
export async function loadFile(file: string, { needs = 'tapestry' }: LoadOptions = {}): Promise<LoadedFile> {
  const absolute = path.resolve(file);
  checkFile(file, absolute);
  const { tapestries, triggers, streams, emitters, ...warned } = isDocument(absolute)
    ? await loadDocument(file)
    : await loadModules(absolute);
  requireDifferent(triggers, absolute);
  noteLoaded(absolute, tapestries);
  if (needs === 'trigger' && triggers.length === 0) {
    throw new SelvageError(
      'FileWithoutTrigger',
      `${file} exports nothing that starts runs. Export it: \`export const orders = kafkaTrigger(pipeline, { … })\`, or webhook(…), valkeyTrigger(…), cronTrigger(…).`,
      { details: { file: absolute } },
    );
  }
  requireDifferentStreams(streams, absolute);
  if (needs === 'stream' && streams.length === 0) {
    throw new SelvageError(
      'FileWithoutStream',
      `${file} exports no stream. Export one: \`export const lines = stream(new FileTailSource({ path }), pipeline, { id: 'lines', parameter: 'line' })\`.`,
      { details: { file: absolute } },
    );
  }
  const isEmpty = [tapestries, triggers, streams, emitters].every(({ length }) => length === 0);
  if (needs === 'any' ? isEmpty : needs === 'tapestry' && tapestries.length === 0) {
    throw new SelvageError(
      'FileWithoutTapestry',
      `${file} exports no tapestry. Export what tapestry() answers: \`export const pipeline = tapestry('pipeline', (t) => { … })\`.`,
      { details: { file: absolute } },
    );
  }
  const names = namesOf(tapestries);
  return {
    path: absolute,
    tapestries,
    triggers,
    streams,
    emitters: names.length === 0 ? emitters : emitters.map((one) => hearing(one, names)),
    ...warned,
  };
}

async function loadModules(file: string): Promise<Omit<LoadedFile, 'path'>> {
  const heedSignals = await leaveSignals();
  const loading = loadCode(file);
  // The modules have run up to their first `await`, during which handlers of signals are called.
  heedSignals();
  return { ...(await loading), warnings: [], moreWarnings: 0 };
}

async function loadDocument(file: string): Promise<Omit<LoadedFile, 'path'>> {
  const heedSignals = await leaveSignals();
  try {
    const { loadPipelineFile } = await import('../../yaml/index.js');
    return { ...(await loadPipelineFile(file)), streams: [], emitters: [] };
  } finally {
    heedSignals();
  }
}

/** @throws SelvageError `AmbiguousTapestry` (several, and no name), `FileWithoutTapestry` (no such name) */
export function chooseTapestry(loaded: LoadedFile, name: string | undefined): AnyTapestry {
  const { tapestries, path: file } = loaded;
  const names = tapestries.map((tapestry) => tapestry.name);
  const details = { file, tapestries: names };
  if (name === undefined) {
    if (tapestries.length === 1) return tapestries[0]!;
    throw new SelvageError(
      'AmbiguousTapestry',
      `${file} exports ${names.length} tapestries: ${names.join(', ')}. Choose one with --tapestry.`,
      { details },
    );
  }
  const chosen = tapestries.find((tapestry) => tapestry.name === name);
  if (chosen) return chosen;
  throw new SelvageError(
    'FileWithoutTapestry',
    `${file} exports no tapestry "${name}". It exports: ${names.join(', ')}.`,
    { details: { ...details, tapestry: name } },
  );
}

function checkFile(file: string, absolute: string): void {
  const details = { file: absolute };
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (!stats)
    throw new SelvageError('FileNotFound', `There is no file ${absolute}. Check the path.`, { details });
  if (!stats.isFile()) {
    throw new SelvageError(
      'FileNotLoadable',
      `${absolute} is not a file. Name the file that exports the tapestry.`,
      { details },
    );
  }
  const extension = path.extname(absolute);
  if (EXTENSIONS.includes(extension)) return;
  throw new SelvageError(
    'FileNotLoadable',
    `${file} is neither TypeScript, JavaScript nor YAML. Its name must end in one of ${EXTENSIONS.join(', ')}.`,
    { details },
  );
}

/** A trigger that is exported under two names counts once. */
function requireDifferent(triggers: readonly TriggerDeclaration[], file: string): void {
  const names = new Set<string>();
  for (const trigger of triggers) {
    const name = triggerName(trigger);
    if (names.has(name)) {
      throw new SelvageError(
        'DuplicateTrigger',
        `${file} exports two triggers ${name}. Give each trigger of a kind an id of its own: what an event has started is remembered under it.`,
        { details: { file, trigger: name, id: trigger.id } },
      );
    }
    names.add(name);
  }
}

function requireDifferentStreams(streams: readonly StreamDeclaration[], file: string): void {
  const ids = new Set<string>();
  for (const { id } of streams) {
    if (ids.has(id)) {
      throw new SelvageError(
        'DuplicateStream',
        `${file} exports two streams "${id}". Give each an id of its own: what was read and started is remembered under it.`,
        { details: { file, stream: id } },
      );
    }
    ids.add(id);
  }
}

/** An unused parameter is often one that a condition of the build function has used. */
export function warnOfUnused(tapestry: TapestryRecord, output: Output): void {
  for (const name of unusedParameters(tapestry)) {
    output.warn(`${output.yellow('warning')} ${unusedParameter(tapestry.name, name)}`);
  }
}
