/* eslint-disable @typescript-eslint/no-explicit-any -- what a document says has no types before it is built */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { SelvageError } from '../errors';
import { nodeSha256 } from '../node/node-sha256';
import { NamedDefinitions, planOf, withNested } from '../runtime';
import { check, warningsOf } from '../in-process/check';
import { recordOf, type Tapestry, type TapestryRecord, type Untyped, type AnyTapestry } from '../authoring';
import { PARAMETER_PREFIX } from '../authoring/names';
import type { TriggerDeclaration } from '../triggers';
import { triggerName } from '../triggers/declaration';
import { noteFile } from '../user-modules';
import { buildTapestry } from './build-tapestry';
import { CallableTable, type Callables, prefixesOf } from './callables';
import { Problems, type PipelineProblem, type Range } from './problems';
import { readDocument, type DocumentSection } from './read-document';
import { parameterName } from './references';
import { SourceFile } from './source-file';
import { readSyntax } from './read-syntax';
import { buildTriggers } from './triggers';
import { Modules } from './modules';

export interface LoadPipelineOptions {
  /**
   * Names that the document may use: definitions, knot classes, functions, tapestries for nodes that nest them, and
   * schemas for parameters. Default: none.
   */
  readonly callables?: Callables;
  /** Name of the text in errors. Default `<text>`. */
  readonly file?: string;
  /** Name of the tapestry if the document has none. Default `pipeline`. */
  readonly name?: string;
}

export interface LoadPipelineFileOptions {
  /** As for {@link loadPipeline}. Given callables take precedence over exports of the document's files. */
  readonly callables?: Callables;
  /**
   * Whether files in or below the document's folder may be loaded and executed: its `callables` or `callables.ts`,
   * and, with `allow_callable_refs: true`, modules as `module:export`. Set this to false for untrusted documents.
   * Default true.
   */
  readonly loadModules?: boolean;
}

/** A YAML text or file. You state `Parameters` and `Values`; a run checks its parameters. */
export interface LoadedPipeline<Parameters extends object = Untyped, Values extends object = Untyped> {
  /** The tapestry of the first document. */
  readonly tapestry: Tapestry<Parameters, Values>;
  /** The tapestries of all documents, in order. */
  readonly tapestries: readonly [Tapestry<Parameters, Values>, ...Tapestry<any, any>[]];
  /** Schedules and triggers of all documents. */
  readonly triggers: readonly TriggerDeclaration[];
  /** Problems that prevent no run, such as unused parameters; at most 1,000. */
  readonly warnings: readonly PipelineProblem[];
  /** Number of warnings beyond the listed ones. */
  readonly moreWarnings: number;
}

/**
 * Makes tapestries from a YAML text, which may name only the `callables`. Loads no files.
 *
 * ```ts
 * const { tapestry } = loadPipeline(text, { callables: { double, add } });
 * ```
 *
 * @throws SelvageError `InvalidPipeline`, with all problems in `details.problems`, each with line and column
 */
export function loadPipeline<Parameters extends object = Untyped, Values extends object = Untyped>(
  text: string,
  { callables = {}, file = '<text>', name = 'pipeline' }: LoadPipelineOptions = {},
): LoadedPipeline<Parameters, Values> {
  const loading = new Loading(new SourceFile(file, text), name);
  return loading.build(() => callables, undefined) as LoadedPipeline<Parameters, Values>;
}

/**
 * Makes tapestries from a YAML file. The callables are the given ones and exports of the document's files: those in
 * `callables`, else `callables.ts` (or `.js`, `.mts`, …) beside it. With `allow_callable_refs: true` a document may
 * also name `module:export`. Modules outside of the document's folder are never loaded.
 *
 * @throws SelvageError `FileNotFound`, `FileNotLoadable`, `InvalidPipeline`
 */
export async function loadPipelineFile<Parameters extends object = Untyped, Values extends object = Untyped>(
  file: string,
  { callables = {}, loadModules = true }: LoadPipelineFileOptions = {},
): Promise<LoadedPipeline<Parameters, Values>> {
  const absolute = path.resolve(file);
  const text = await readText(file, absolute);
  noteFile(absolute);
  const base = path.basename(absolute).replace(/\.ya?ml$/, '');
  const loading = new Loading(new SourceFile(file, text), base);
  if (!loadModules) return loading.build(() => callables, undefined) as LoadedPipeline<Parameters, Values>;
  const modules = new Modules(path.dirname(absolute), loading.problems);
  const byDocument = new Map<DocumentSection, Callables>();
  for (const document of loading.documents)
    byDocument.set(document, { ...(await modules.callablesOf(document)), ...callables });
  await modules.loadNamed(loading.documents, callables);
  return loading.build((document) => byDocument.get(document)!, modules.loaded) as LoadedPipeline<
    Parameters,
    Values
  >;
}

class Loading {
  readonly problems: Problems;
  private readonly warnings: Problems;
  readonly documents: readonly DocumentSection[];

  constructor(
    source: SourceFile,
    private readonly defaultName: string,
  ) {
    this.problems = new Problems(source);
    this.warnings = new Problems(source);
    const syntaxes = readSyntax(source, this.problems);
    if (syntaxes.length === 0 && !this.problems.any) {
      this.problems.add([0, 0], {
        code: 'InvalidValue',
        message: 'There is no document: the text is empty.',
        expected: 'name: …, and nodes: with a list of nodes',
      });
    }
    this.documents = syntaxes.flatMap((syntax) => readDocument(syntax, this.problems) ?? []);
  }

  build(
    callablesOf: (document: DocumentSection) => Callables,
    modules: ReadonlyMap<string, Callables> | undefined,
  ): LoadedPipeline {
    const { problems, documents } = this;
    const named = this.named();
    const built = new Map<DocumentSection, AnyTapestry>();
    const open = new Set<DocumentSection>();
    const definitions = new Map<object, Map<string, unknown>>();
    const tables = new Map(
      documents.map((document) => [document, tableOf(document, callablesOf(document), modules)]),
    );
    const make = (document: DocumentSection): AnyTapestry => {
      const known = built.get(document);
      if (known) return known;
      open.add(document);
      const tapestry = buildTapestry(document, {
        callables: tables.get(document)!,
        problems,
        definitions,
        defaultName: this.nameOf(document),
        tapestryNames: [...named.keys()],
        tapestryNamed: (name, range) => {
          const other = named.get(name);
          if (!other) return undefined;
          if (!open.has(other)) return make(other);
          this.refuseCircle(name, range);
          return 'circle';
        },
      });
      open.delete(document);
      built.set(document, tapestry);
      return tapestry;
    };
    const tapestries = documents.map(make);
    const triggers = documents.flatMap((document, index) =>
      buildTriggers(document, tapestries[index]!, tables.get(document)!, problems),
    );
    this.refuseEqualTriggers(triggers);
    if (!problems.any) tapestries.forEach((tapestry, index) => this.checkWhole(tapestry, documents[index]!));
    problems.throwIfAny();
    const all = tapestries as unknown as LoadedPipeline['tapestries'];
    return {
      tapestry: all[0],
      tapestries: all,
      triggers,
      warnings: this.warnings.list(),
      moreWarnings: this.warnings.more,
    };
  }

  private nameOf({ section }: DocumentSection): string {
    const { name } = section.fields;
    return typeof name === 'string' ? name : this.defaultName;
  }

  private named(): ReadonlyMap<string, DocumentSection> {
    const named = new Map<string, DocumentSection>();
    for (const document of this.documents) {
      const name = this.nameOf(document);
      if (!named.has(name)) named.set(name, document);
      else {
        this.problems.add(document.section.at('name'), {
          code: 'DuplicateTapestry',
          message: `Two documents are called "${name}". Give each document of a file a name of its own.`,
        });
      }
    }
    return named;
  }

  private refuseCircle(name: string, range: () => Range): void {
    this.problems.add(range(), {
      code: 'Cycle',
      message: `The document "${name}" would be nested in itself. Use a loop to run a tapestry again and again.`,
    });
  }

  private refuseEqualTriggers(triggers: readonly TriggerDeclaration[]): void {
    const names = new Set<string>();
    for (const trigger of triggers) {
      const name = triggerName(trigger);
      if (names.has(name)) {
        this.problems.add(this.documents[0]!.section.head, {
          code: 'DuplicateTrigger',
          message: `There are two triggers ${name}. Give each trigger of a kind an id of its own: what an event has started is remembered under it.`,
        });
      }
      names.add(name);
    }
  }

  private checkWhole(tapestry: AnyTapestry, { section, nodes }: DocumentSection): void {
    const record = recordOf(tapestry);
    const byId = new Map(
      nodes.map((node) => [
        node.type === 'parameter' ? `${PARAMETER_PREFIX}${parameterName(node.id)}` : node.id,
        node,
      ]),
    );
    for (const { severity, code, reason, message, details } of canBePlanned(record)
      ? warningsOf(record)
      : check(tapestry)) {
      const node = byId.get(
        (details['knot'] ?? `${PARAMETER_PREFIX}${String(details['parameter'])}`) as string,
      );
      const { input } = details;
      const group = ['parents', 'config', 'shared'].find((key) =>
        Object.hasOwn(node?.section.fields[key] ?? {}, String(input)),
      );
      const range =
        node && group ? node.section.at(group, String(input)) : (node?.section.head ?? section.head);
      const found = severity === 'warning' ? this.warnings : this.problems;
      found.add(range, { code, message, ...(reason !== undefined && { reason }) });
    }
  }
}

/** Whether the tapestry can be compiled; the plan is cached for runs. */
function canBePlanned(tapestry: TapestryRecord): boolean {
  try {
    const all = withNested(tapestry);
    for (const each of all) planOf(each, nodeSha256);
    void new NamedDefinitions(all, nodeSha256);
    return true;
  } catch (error) {
    if (SelvageError.is(error)) return false;
    throw error;
  }
}

function tableOf(
  { section }: DocumentSection,
  callables: Callables,
  modules: ReadonlyMap<string, Callables> | undefined,
): CallableTable {
  return new CallableTable(
    callables,
    modules,
    section.fields['allowCallableRefs'] === true,
    prefixesOf(section.fields),
  );
}

async function readText(file: string, absolute: string): Promise<string> {
  const details = { file: absolute };
  let bytes: Buffer;
  try {
    bytes = await readFile(absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new SelvageError('FileNotFound', `There is no file ${absolute}. Check the path.`, { details });
    throw new SelvageError('FileNotLoadable', `${absolute} could not be read: ${(error as Error).message}.`, {
      details,
      cause: error,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new SelvageError('FileNotLoadable', `${file} is not text in UTF-8. Save it as UTF-8.`, {
      details,
      cause: error,
    });
  }
}
