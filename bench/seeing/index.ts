import type { Benchmark } from '../benchmark';
import { feedCost } from './feed-cost';
import { largeRun } from './large-run';
import { listOfRuns } from './list-of-runs';
import { onThePage } from './on-the-page';
import { pageTasks } from './page-tasks';
import { pictures } from './pictures';
import { yaml } from './yaml';

/** What is seen of runs. Each is named `seeing: …`, so that `npm run bench -- seeing` is one table of all. */
export const seeing: readonly Benchmark[] = [
  feedCost,
  largeRun,
  listOfRuns,
  onThePage,
  pageTasks,
  pictures,
  yaml,
];
