import type { EmbeddedDocument, EmbeddedRun, QuestionName, Questions } from '../explorer';
import type { Elements } from '../operations/knots/elements';
import type { KnotView } from '../operations/knots/show';
import type { ValueView } from '../operations/values/value-view';
import { projectData, type ProjectData } from '../operations/surroundings';
import { htmlOfDocument } from '../explorer/html';
import { call } from '../operations/call';
import { ServerReach } from '../operations/reach';
import type { Json } from '../values';
import { VERSION } from '../version';
import type { CapsuleContent } from './format';
import { capsuleOf, type Capsule } from './read-capsule';

/** Maximum number of a map's elements on the page; the data has all. */
const SHOWN_ELEMENTS = 5_000;
/** Maximum number of elements with a panel of their own. */
const ELEMENTS_WITH_PANELS = 500;
const READ_ONLY = { mayAct: false, isReadOnly: true, maySeeSecrets: true };

/** The page of a capsule, as `selvage ui` would show its run. */
export async function capsulePage(content: CapsuleContent): Promise<string> {
  return htmlOfDocument(await embedded(await capsuleOf(content, 'The capsule'), content));
}

export function capsuleData({ run, backends }: Capsule): ProjectData {
  const reach = ServerReach.none('A capsule has no server: it shows what is on record.');
  return projectData(backends, reach, { project: run.tapestry });
}

async function embedded(capsule: Capsule, document: CapsuleContent): Promise<EmbeddedDocument> {
  const data = capsuleData(capsule);
  const ask = <Name extends QuestionName>(
    name: Name,
    question: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer']> => call({ ...data, caller: READ_ONLY }, name, question);
  const runs: EmbeddedRun[] = [];
  for (const { run_id: run } of capsule.runs) runs.push(await embeddedRun(run, ask));
  const [{ run, knots, elements }, ...nested] = runs as [EmbeddedRun, ...EmbeddedRun[]];
  const values: Record<string, ValueView> = {};
  for (const { hash } of document.values) values[hash] = await ask('values.show', { hash });
  for (const { hash, size, code, reason, rest } of document.absent) {
    values[hash] =
      rest === undefined
        ? { form: 'none', hash, code, message: `It is not in this file: ${reason}.` }
        : { form: 'json', hash, size: size ?? 0, json: JSON.parse(rest) as Json, truncated: false };
  }
  const project = document.redacted.length > 0 ? `${run.run.tapestry} (redacted)` : run.run.tapestry;
  return {
    format: 1,
    kind: 'capsule',
    about: {
      version: VERSION,
      project,
      abilities: { act: false, readOnly: true, live: false, pages: ['runs', 'run', 'value'] },
      tapestries: [],
    },
    run,
    knots,
    elements,
    nested,
    values,
  };
}

async function embeddedRun(
  runId: string,
  ask: <Name extends QuestionName>(
    name: Name,
    question: Questions[Name]['ask'],
  ) => Promise<Questions[Name]['answer']>,
): Promise<EmbeddedRun> {
  const {
    previousRunId: _previous,
    nextRunId: _next,
    lastGoodRunId: _lastGood,
    position: _position,
    ...view
  } = await ask('runs.show', { runId });
  const knots: Record<string, KnotView> = {};
  const elements: Record<string, Elements> = {};
  for (const { id, kind } of view.graph.knots) {
    knots[id] = await ask('knots.show', { runId, knotId: id });
    if (kind !== 'map') continue;
    const listed = await ask('knots.elements', { runId, map: id, limit: SHOWN_ELEMENTS });
    elements[id] = listed;
    for (const element of listed.items.slice(0, ELEMENTS_WITH_PANELS))
      knots[element.id] = await ask('knots.show', { runId, knotId: element.id });
  }
  return { run: view, knots, elements };
}
