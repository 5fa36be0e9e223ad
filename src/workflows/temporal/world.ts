import { HandlerUnfinishedPolicy } from '@temporalio/common';
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { UpdateHandler, World } from '../world';

type Calls<T> = Readonly<Record<string, (task: object) => Promise<T>>>;

export const TEMPORAL: World = {
  facts: workflowInfo,
  isReplaying: () => workflowInfo().unsafe.isReplaying,
  // eslint-disable-next-line no-restricted-properties -- the sandbox's own clock, which Temporal sets by the history
  now: () => Date.now(),
  sleep,
  until: condition,
  call: <T>(activity: string, options: Parameters<World['call']>[1], task: object) =>
    (proxyActivities(options) as Calls<T>)[activity]!(task),
  callHere: <T>(activity: string, options: Parameters<World['callHere']>[1], task: object) =>
    (proxyLocalActivities(options) as Calls<T>)[activity]!(task),
  startChild,
  workflow: getExternalWorkflowHandle,
  continueAsNew,
  answerQuery: (name, description, answer) => setHandler(defineQuery(name), answer, { description }),
  hearSignal: (name, description, hear) => setHandler(defineSignal<[unknown]>(name), hear, { description }),
  hearOtherSignals: (hear) => setDefaultSignalHandler((name, ...args) => hear(name, args[0])),
  takeUpdate: <Request>(name: string, update: UpdateHandler<Request>) =>
    setHandler(defineUpdate<unknown, [Request]>(name), update.take, {
      description: update.description,
      validator: update.validate,
      ...(update.mayBeAbandoned && { unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON }),
    }),
  haveHandlersEnded: allHandlersFinished,
  scope: () => CancellationScope.current(),
  shielded: (work) => CancellationScope.nonCancellable(work),
  cancellable: (work) => CancellationScope.cancellable(work),
  show: setCurrentDetails,
  warn: (message, fields) => log.warn(message, fields),
};
