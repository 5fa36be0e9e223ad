/* eslint-disable @typescript-eslint/no-require-imports -- the whole purpose: a command that only asks must start fast */

/**
 * What is loaded when it is needed and not before: Temporal's client takes a quarter of a second, the worker as long again, and
 * `selvage --help` needs neither.
 */
export const late = {
  client: (): typeof import('../client') => require('../client') as typeof import('../client'),
  temporalWorker: (): typeof import('@temporalio/worker') =>
    require('@temporalio/worker') as typeof import('@temporalio/worker'),
  sdkLogging: (): typeof import('../worker/sdk-logging') =>
    require('../worker/sdk-logging') as typeof import('../worker/sdk-logging'),
  singleSdk: (): typeof import('../worker/single-sdk') =>
    require('../worker/single-sdk') as typeof import('../worker/single-sdk'),
  workflowBundle: (): typeof import('../worker/workflow-bundle') =>
    require('../worker/workflow-bundle') as typeof import('../worker/workflow-bundle'),
  replay: (): typeof import('../worker/replay') =>
    require('../worker/replay') as typeof import('../worker/replay'),
  typeScript: (): typeof import('tsx/cjs/api') => require('tsx/cjs/api') as typeof import('tsx/cjs/api'),
  yaml: (): typeof import('yaml') => require('yaml') as typeof import('yaml'),
  duckDb: (): typeof import('../adapters/run-histories/duckdb') =>
    require('../adapters/run-histories/duckdb') as typeof import('../adapters/run-histories/duckdb'),
  repair: (): typeof import('../repair') => require('../repair') as typeof import('../repair'),
  execution: (): typeof import('../execution') => require('../execution') as typeof import('../execution'),
  actions: {
    init: (): typeof import('./actions/init') => require('./actions/init') as typeof import('./actions/init'),
    run: (): typeof import('./actions/run') => require('./actions/run') as typeof import('./actions/run'),
    resume: (): typeof import('./actions/resume') =>
      require('./actions/resume') as typeof import('./actions/resume'),
    dev: (): typeof import('./actions/dev') => require('./actions/dev') as typeof import('./actions/dev'),
    worker: (): typeof import('./actions/worker') =>
      require('./actions/worker') as typeof import('./actions/worker'),
    runs: (): typeof import('./actions/runs') => require('./actions/runs') as typeof import('./actions/runs'),
    signal: (): typeof import('./actions/signal') =>
      require('./actions/signal') as typeof import('./actions/signal'),
    lineage: (): typeof import('./actions/lineage') =>
      require('./actions/lineage') as typeof import('./actions/lineage'),
    history: (): typeof import('./actions/history') =>
      require('./actions/history') as typeof import('./actions/history'),
    questions: (): typeof import('./actions/questions') =>
      require('./actions/questions') as typeof import('./actions/questions'),
    retention: (): typeof import('./actions/retention') =>
      require('./actions/retention') as typeof import('./actions/retention'),
    cache: (): typeof import('./actions/cache') =>
      require('./actions/cache') as typeof import('./actions/cache'),
    keys: (): typeof import('./actions/keys') => require('./actions/keys') as typeof import('./actions/keys'),
    plan: (): typeof import('./actions/plan') => require('./actions/plan') as typeof import('./actions/plan'),
    replay: (): typeof import('./actions/replay') =>
      require('./actions/replay') as typeof import('./actions/replay'),
    migrate: (): typeof import('./actions/migrate') =>
      require('./actions/migrate') as typeof import('./actions/migrate'),
    doctor: (): typeof import('./actions/doctor') =>
      require('./actions/doctor') as typeof import('./actions/doctor'),
    doctorRepair: (): typeof import('./actions/doctor-repair') =>
      require('./actions/doctor-repair') as typeof import('./actions/doctor-repair'),
  },
};
