import type { QuestionName, Questions } from '../../../src/explorer/contract';

type Asks = { readonly [Name in QuestionName]: readonly Questions[Name]['ask'][] };

/** What the page is asked by each question; the types are the contract's. */
export function httpQuestions(hashOf: (run: string, knotId: string) => string): Asks {
  const report = hashOf('good', 'report');
  const doubled = hashOf('good', 'doubled');
  return {
    'project.about': [{}],
    // Runs of a longer time may be of two hours.
    'project.overview': [{ since: '1s', limit: 2 }],
    'runs.list': [
      {},
      { status: 'failed' },
      { tapestry: 'orders', limit: 2 },
      { definition: 'boom', outcome: 'err' },
      { cursor: 'x' },
    ],
    'runs.grid': [{ tapestry: 'orders' }, { tapestry: 'nobody' }],
    'runs.show': [
      ...[
        'good',
        'again',
        'broken',
        'spoken',
        'outer',
        'resumed',
        'terminated',
        'filled',
        'asking',
        'queueing',
      ].map((runId) => ({ runId })),
      { runId: 'nobody' },
    ],
    'runs.logs': [{ runId: 'good' }, { runId: 'spoken', level: 'warn', limit: 1 }, { runId: 'nobody' }],
    'runs.explain': [
      ...['asking', 'sleeping', 'queueing', 'sticking', 'good'].map((runId) => ({ runId })),
      { runId: 'nobody' },
    ],
    'knots.show': [
      { runId: 'good', knotId: 'report' },
      { runId: 'again', knotId: 'doubled' },
      { runId: 'broken', knotId: 'broken' },
      { runId: 'broken', knotId: 'after' },
      { runId: 'spoken', knotId: 'strict' },
      { runId: 'spoken', knotId: 'strict[1]' },
      { runId: 'asking', knotId: 'approval' },
      { runId: 'good', knotId: 'nobody' },
    ],
    'knots.list': [
      { runId: 'good' },
      { runId: 'broken', outcome: 'err' },
      { runId: 'good', limit: 1 },
      { runId: 'nobody' },
    ],
    'knots.elements': [
      { runId: 'spoken', map: 'lengths' },
      { runId: 'spoken', map: 'strict', outcome: 'err', limit: 1 },
      { runId: 'good', map: 'report' },
    ],
    'values.show': [
      { hash: report },
      { hash: doubled },
      { hash: report, path: ['text'] },
      { hash: report, as: 'bytes' },
      { hash: 'sha256:none' },
    ],
    'docs.search': [{ query: 'waitForSignal', limit: 1 }],
    'tapestries.list': [{}],
    'tapestries.show': [{ tapestry: 'words' }, { tapestry: 'nobody' }],
    'tables.diff': [
      { first: doubled, second: report },
      { first: 'table-sha256:none', second: doubled },
    ],
    'tables.show': [{ hash: doubled }, { hash: 'table-sha256:none' }],
    'values.uses': [{ hash: doubled }, { hash: 'sha256:none' }],
    'lineage.why': [{ hash: report }, { hash: 'sha256:none' }],
    'cache.explain': [
      { runId: 'good', knotId: 'doubled' },
      { runId: 'again', knotId: 'doubled' },
      { runId: 'good', knotId: 'nobody' },
    ],
    'lineage.diff': [
      { first: 'good', second: 'again' },
      { first: 'good', second: 'other' },
      { first: 'good', second: 'broken', limit: 1 },
      { first: 'good', second: 'nobody' },
    ],
    'lineage.list': [
      { runId: 'good' },
      { runId: 'broken', outcome: 'err' },
      { definition: 'double', limit: 1 },
      { outputHash: report.slice(0, 20) },
      { runId: 'nobody' },
      {},
    ],
    'lineage.impact': [{ hash: doubled }],
    'runs.compare': [
      { first: 'good', second: 'again' },
      { first: 'good', second: 'other' },
      { first: 'broken', second: 'resumed' },
      { first: 'good', second: 'nobody' },
    ],
    'schedules.list': [{}],
    'schedules.show': [{ schedule: 'yearly' }, { schedule: 'nobody' }],
    'schedules.preview': [
      { cron: '30 2 * * *', timezone: 'Europe/Berlin', from: '2001-03-24', limit: 3 },
      { cron: '30 2 * *', timezone: 'Mars/Olympus' },
    ],
    'partitions.list': [{ tapestry: 'daily' }, { tapestry: 'orders' }, { tapestry: 'nobody' }],
    'triggers.list': [{}],
    'triggers.deadLetters': [
      { trigger: 'webhook:orders' },
      { trigger: 'webhook:nobody' },
      { trigger: 'webhook:orders', cursor: 'x' },
    ],
    'workers.list': [{}, { taskQueue: 'selvage/nobody' }],
    'runs.waiting': [
      {},
      { tapestry: 'nobody' },
      { by: 'reason' },
      { by: 'version' },
      { by: 'knot' },
      { by: 'task-queue' },
    ],
    'versions.list': [{}, { tapestry: 'asks' }],
    'stats.show': [{}, { by: 'tapestry', since: '7d', noBaseline: true }, { by: 'knot', limit: 2 }],
    'events.list': [{}, { pending: true, limit: 1 }, { trigger: 'nobody' }, { cursor: 'x' }],
    'emitters.list': [{}],
    'emitters.deadLetters': [{ emitter: 'ends' }, { emitter: 'nobody' }],
    'streams.list': [{}],
    'streams.show': [{ stream: 'texts' }, { stream: 'nobody' }],
    'approvals.list': [{}],
    'project.find': [{ text: 'order' }, { text: 'good/re' }, { text: doubled.slice(7, 15) }, { text: '' }],
    'runs.previewResume': [
      { runId: 'broken' },
      { runId: 'good', from: ['report'] },
      { runId: 'good', from: ['nobody'] },
    ],
    'partitions.previewBackfill': [
      { tapestry: 'daily' },
      { tapestry: 'daily', states: ['failed'] },
      { tapestry: 'daily', from: 'z' },
      { tapestry: 'orders' },
    ],
  };
}

/** Questions whose answers have more in them for who has the page's token. */
export const WITH_TOKEN: readonly QuestionName[] = [
  'project.about',
  'values.show',
  'approvals.list',
  'knots.show',
];
