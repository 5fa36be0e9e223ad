import { mapOfElement } from '../../../authoring/element-id';
import type { EmbeddedDocument, EmbeddedRun, QuestionName, Questions } from '../../contract';
import type { Found } from '../../../operations/project/find';
import type { UseOfValue } from '../../../operations/values/uses';
import { knotView } from '../../../operations/knots/knot-view';
import { SourceError } from './source-error';

type Answers = {
  readonly [Name in QuestionName]?: (ask: Questions[Name]['ask']) => Questions[Name]['answer'];
};

/** A file holds one run or tapestry; other questions are refused as `NotInFile`. */
export function answerFrom<Name extends QuestionName>(
  document: EmbeddedDocument,
  name: Name,
  ask: Questions[Name]['ask'],
): Questions[Name]['answer'] {
  const runs = runsOf(document);
  const runOf = (id: string): EmbeddedRun => {
    const found = runs.find(({ run }) => run.run.runId === id);
    if (found) return found;
    throw notInFile(`This file does not hold the run ${id}.`);
  };
  const answers: Answers = {
    'project.about': () =>
      document.tapestry ? { ...document.about, tapestries: [document.tapestry] } : document.about,
    'runs.list': () => ({ items: runs.map(({ run }) => run.run) }),
    'runs.show': ({ runId }) => runOf(runId).run,
    'knots.show': ({ runId, knotId }) => {
      const { run: view, knots, elements } = runOf(runId);
      const known = Object.hasOwn(knots, knotId) ? knots[knotId] : undefined;
      if (known) return known;
      const placed = view.graph.knots.find(({ id }) => id === knotId);
      if (placed) return knotView(view.graph, placed);
      const map = elements[mapOfElement(knotId) ?? ''];
      const state = map?.items.find(({ id }) => id === knotId)?.state;
      if (state) return { knotId, inputs: [], state };
      throw notInFile(`This file does not hold the knot ${knotId}.`);
    },
    'knots.elements': ({ runId, map, outcome, cursor, from = Number(cursor ?? 0), limit = 100 }) => {
      const { elements } = runOf(runId);
      const all = Object.hasOwn(elements, map) ? elements[map] : undefined;
      if (!all) throw notInFile(`This file does not hold the elements of ${map}.`);
      const behind = all.items.filter(
        ({ index, state }) => index >= from && (outcome === undefined || state.outcome === outcome),
      );
      const { cursor: _, ...counts } = all;
      const next = behind[limit]?.index;
      return {
        ...counts,
        items: behind.slice(0, limit),
        ...(next !== undefined && { cursor: String(next) }),
      };
    },
    'values.uses': ({ hash }) => ({ hash, items: runs.flatMap((run) => usesIn(run, hash)) }),
    'values.show': ({ hash }) =>
      own(document.values, hash) ?? {
        form: 'none',
        hash,
        code: 'NotKept',
        message: 'This file does not hold the value.',
      },
    'project.find': ({ text, limit }) => ({ items: found(document, text).slice(0, limit ?? 20) }),
  };
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
  if (!answer) throw notInFile(`A file does not answer ${name}; the page of \`selvage ui\` does.`);
  return answer(ask);
}

function runsOf({ run, knots = {}, elements = {}, nested = [] }: EmbeddedDocument): readonly EmbeddedRun[] {
  return run ? [{ run, knots, elements }, ...nested] : [];
}

function usesIn({ run: { run }, knots }: EmbeddedRun, hash: string): UseOfValue[] {
  return Object.values(knots).flatMap(({ knotId, state, inputs }): UseOfValue[] => {
    const of = { runId: run.runId, tapestry: run.tapestry, knotId, at: state?.finishedAt ?? run.startedAt };
    const made = knotId.startsWith('param:')
      ? 'parameter'
      : state?.cachedFromRun === undefined
        ? 'produced'
        : 'reused';
    return [
      ...(state?.outputHash === hash ? [{ ...of, role: made } as const] : []),
      ...(inputs.some((input) => input.hash === hash) ? [{ ...of, role: 'consumed' } as const] : []),
    ];
  });
}

export function notInFile(message: string): SourceError {
  return new SourceError('NotInFile', message);
}

function found({ run, about }: EmbeddedDocument, text: string): Found[] {
  const wanted = text.toLowerCase();
  const matches = (name: string): boolean => name.toLowerCase().includes(wanted);
  return [
    ...about.tapestries
      .filter(({ name }) => matches(name))
      .map(({ name }): Found => ({ kind: 'tapestry', tapestry: name })),
    ...(run && matches(run.run.runId)
      ? [{ kind: 'run', runId: run.run.runId, tapestry: run.run.tapestry, status: run.run.status } as const]
      : []),
    ...(run?.graph.knots ?? [])
      .filter(({ id }) => matches(id))
      .map(({ id }): Found => ({ kind: 'knot', runId: run!.run.runId, knotId: id })),
  ];
}

/** A name such as `constructor` must not find members of `Object.prototype`. */
function own<T>(by: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return by && Object.hasOwn(by, name) ? by[name] : undefined;
}
