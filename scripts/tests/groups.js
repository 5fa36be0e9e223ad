'use strict';
/**
 * The groups of `npm run test:all`, and what of them `npm test` runs. A file belongs to the group that names it, or else
 * its folder; `core` takes all others. Whatever is new belongs to `core` until it needs a server that `core` has not, or more
 * than a minute.
 */
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');

/**
 * @typedef {object} Group
 * @property {string} name
 * @property {string} what
 * @property {number} minutes how long it may take on two cores, with others beside it
 * @property {readonly string[]} files files, and folders that end with a slash
 * @property {number} [atOnce] how many of its files run at a time, or what it takes of the machine as if it were so many; if omitted two, or one of a single file
 * @property {readonly string[]} [again] files of other groups that it runs once more, in another way
 * @property {Readonly<Record<string, string>>} [environment] that other way
 * @property {readonly string[]} [builds] services whose programs take minutes to build: they are built while earlier groups run
 */

/**
 * In the order in which they are begun, as there is room for them: what computes beside what waits, and at last those of many short files.
 *
 * @type {readonly Group[]}
 */
const GROUPS = [
  {
    name: 'core',
    what: 'all that needs no server, and every feature on the embedded one',
    minutes: 15,
    atOnce: 3,
    files: ['test/'],
  },
  {
    name: 'commands',
    what: 'the command line, as a user has it: processes, signals, servers that it starts',
    minutes: 10,
    files: [
      'test/integration/cli/',
      // It builds the package of an older commit.
      'test/integration/deploys/package-upgrade.test.ts',
      'test/integration/deploys/kept-project.test.ts',
      'test/integration/docs/backfills.test.ts',
      'test/integration/docs/deploy.test.ts',
      'test/integration/docs/recipes.test.ts',
      'test/integration/examples.test.ts',
      'test/integration/logging.test.ts',
    ],
  },
  {
    name: 'bare',
    what: 'the packed package, installed with nothing that is optional: subpaths, commands and snippets of the pages',
    minutes: 4,
    files: ['test/bare/'],
  },
  {
    name: 'campaign',
    what: 'kill -9 at every named point, in runs of every kind',
    minutes: 4,
    files: ['test/crash/campaign.test.ts'],
  },
  {
    name: 'simulated',
    // In processes of their own: promises by the million are slow where a test before has left a large heap.
    what: 'thousands of crashes in memory, at every boundary, by `simulate`',
    minutes: 3,
    files: [
      'test/property/simulate-every-node.test.ts',
      'test/unit/testing/simulate.test.ts',
      'test/unit/testing/simulated-host.test.ts',
      'test/unit/testing/simulated-nodes.test.ts',
      'test/unit/testing/simulated-waits.test.ts',
    ],
  },
  {
    name: 'triggers',
    what: 'what starts runs: Kafka, Valkey, webhooks, schedules and backfills, each event once, whatever is killed',
    minutes: 6,
    files: [
      'test/backends/kafka/',
      'test/backends/valkey-trigger.test.ts',
      'test/crash/backfills.test.ts',
      'test/crash/triggers.test.ts',
      'test/integration/backfills.test.ts',
      'test/integration/schedules/',
      'test/integration/triggers/',
    ],
  },
  {
    name: 'feed',
    what: 'who hears of runs, and streams: emitters and sources on real brokers, databases and files, killed at any point',
    minutes: 6,
    files: ['test/feed/'],
    builds: ['otelcol'],
  },
  {
    name: 'seeing',
    what: 'the page in Chromium on a real server, pictures, documents in YAML, capsules',
    minutes: 6,
    files: ['test/integration/seeing/', 'test/property/yaml.test.ts'],
  },
  {
    name: 'faults',
    what: 'servers, networks, disks and processes that fail',
    minutes: 6,
    // Its files wait more than others, for what is lost to be missed.
    atOnce: 3,
    files: [
      'test/crash/',
      'test/integration/faults/',
      'test/integration/repair/',
      'test/integration/server/',
    ],
  },
  {
    name: 'defects',
    what: 'defects are planted, and the tests that need no server find them',
    minutes: 4,
    // Its only file runs others, two at a time.
    atOnce: 2,
    files: ['test/defects/'],
  },
  {
    name: 'dispatchers',
    what: 'bodies on Dask, Ray and Celery: equal outcomes, lost workers, cancels, thousands of them',
    minutes: 8,
    files: ['test/dispatchers/'],
  },
  {
    name: 'golden',
    what: 'what 500 tapestries come to on each host, what lost workers leave, and what users see, as it is recorded',
    minutes: 9,
    files: ['test/golden/'],
  },
  {
    name: 'replay',
    what: 'scenarios once more, with each workflow task replaying the whole history',
    minutes: 4,
    files: [],
    again: [
      'test/integration/cancel.test.ts',
      'test/integration/deadline.test.ts',
      'test/integration/every-node.test.ts',
      'test/integration/extension.test.ts',
      'test/integration/extension-from-outside.test.ts',
      'test/integration/maps.test.ts',
      'test/integration/maps-continued.test.ts',
      'test/integration/policies.test.ts',
      'test/integration/reset.test.ts',
      'test/integration/resume.test.ts',
      'test/integration/segments.test.ts',
      'test/integration/signals.test.ts',
      'test/integration/sub-tapestry.test.ts',
      'test/integration/waits-continued.test.ts',
    ],
    environment: { SELVAGE_TEST_FORCED_REPLAY: 'true' },
  },
  {
    name: 'backends',
    what: 'the suites of all backends: memory and files, PostgreSQL, Valkey and S3 on the real server',
    minutes: 4,
    files: ['test/backends/', 'test/conformance/'],
  },
  {
    name: 'scale',
    what: 'ten thousand knots within the budgets of history and messages',
    minutes: 3,
    files: ['test/integration/ten-thousand.test.ts'],
  },
];

/** Files that need the embedded server and run in `npm test`. */
const QUICK_ON_SERVER = [
  'test/crash/waits.test.ts',
  'test/crash/workers.test.ts',
  'test/integration/cancel.test.ts',
  'test/integration/cli/run.test.ts',
  'test/integration/continue-as-new.test.ts',
  'test/integration/deploys/deploys.test.ts',
  'test/integration/every-node.test.ts',
  'test/integration/extension.test.ts',
  'test/integration/maps.test.ts',
  'test/integration/policies.test.ts',
  'test/integration/quickstart.test.ts',
  'test/integration/resume.test.ts',
  'test/integration/segments.test.ts',
  'test/integration/signals.test.ts',
];

/** They need a server; planted defects need minutes. */
const ON_SERVER = [
  'test/backends/',
  'test/bare/',
  'test/crash/',
  'test/defects/',
  'test/dispatchers/',
  'test/feed/',
  'test/golden/on-temporal/',
  'test/integration/',
];

/** All test files, relative to the root, in the order of their names. */
function testFiles(folder = 'test') {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name.split(path.sep).join('/')}`)
    .sort();
}

const isIn = (file, names) =>
  names.some((name) => file === name || (name.endsWith('/') && file.startsWith(name)));

/** The group to which a file belongs. */
function groupOf(file) {
  const [core, ...others] = GROUPS;
  return (
    others.find(({ files }) => files.includes(file)) ?? others.find(({ files }) => isIn(file, files)) ?? core
  );
}

/** The files that a group runs. */
function filesOf(group, all = testFiles()) {
  return group.again ?? all.filter((file) => groupOf(file) === group);
}

const needsServer = (file) => isIn(file, ON_SERVER);

/** What `npm test` runs. */
function quickFiles(all = testFiles()) {
  return all.filter((file) => !needsServer(file) || QUICK_ON_SERVER.includes(file));
}

module.exports = { GROUPS, QUICK_ON_SERVER, groupOf, filesOf, needsServer, quickFiles, testFiles };
