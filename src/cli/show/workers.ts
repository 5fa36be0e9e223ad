import { list, type QueueView, type WorkerView } from '../../operations/workers/list';
import { formatTable, formatTime } from '../output/format';
import { makeVerb } from '../table/verb-of-table';

const HEADINGS = [
  'TASK QUEUE',
  'UNFINISHED RUNS',
  'WORKER',
  'MACHINE',
  'SELVAGE',
  'SDK',
  'SINCE',
  'RUNNING',
  'BODY HOSTS',
];

export const addWorkers = makeVerb(list, ({ items, truncated, workersKnown }, { taskQueue }) => {
  const rows = items.flatMap(({ workers, ...queue }) =>
    workers.length === 0 ? [rowOf(queue)] : workers.map((worker) => rowOf(queue, worker)),
  );
  const isTold = HEADINGS.map((_, column) => rows.some((row) => row[column] !== ''));
  const told = (row: readonly string[]): string[] => row.filter((_, column) => isTold[column]);
  const isNobody = items.every(({ workers }) => workers.length === 0);
  const which = taskQueue === undefined ? 'No worker' : `No worker of task queue ${taskQueue}`;
  return [
    ...(rows.length === 0 ? [] : [formatTable(told(HEADINGS), rows.map(told))]),
    ...(isNobody ? [`${which} is alive. One that has just begun is listed within 10 s.`] : []),
    ...(workersKnown
      ? []
      : ['The server keeps no list of workers, or is away: they have told no more than their names.']),
    ...(truncated ? ['There are more task queues (--limit), or unfinished runs that are not counted.'] : []),
  ].join('\n');
});

function rowOf({ taskQueue, running: runs }: Omit<QueueView, 'workers'>, worker?: WorkerView): string[] {
  const { identity = 'none', machine, processId, selvage, sdk, since, running, bodyHosts } = worker ?? {};
  // The default identity of a worker has both its process id and its host.
  const isNamed = machine === undefined || identity === `${processId}@${machine}`;
  return [
    taskQueue,
    runs === 0 ? '' : String(runs),
    identity,
    isNamed ? '' : `${machine ?? '?'} (${processId ?? '?'})`,
    selvage ?? '',
    sdk?.replace(/^temporal-/, '') ?? '',
    since === undefined ? '' : formatTime(since),
    running === undefined ? '' : String(running ?? '?'),
    bodyHosts?.join(', ') ?? '',
  ];
}
