import { CancelledFailure } from '@temporalio/common';
import { MEMO_KEY, SYSTEM_ACTIVITIES } from '../../workflows/messages';
import type {
  ActivityOptions,
  ChildOptions,
  Facts,
  OtherWorkflow,
  Scope,
  StartedChild,
  UpdateHandler,
  World,
} from '../../workflows/world';
import { Violation } from './violation';
import type { SimulatedWorkflow } from './workflow';

export type Result = { readonly value: unknown } | { readonly error: Error };
/** A callback that is called at most once, after the command's turn. */
export type Ended = (result: Result) => void;

export type Event =
  | { readonly type: 'start' | 'cancel' }
  | { readonly type: 'ended'; readonly place: number; readonly result: Result }
  | { readonly type: 'signal' | 'update'; readonly name: string; readonly payload: unknown };

type Command = readonly unknown[];

interface Turn {
  readonly events: Event[];
  readonly commands: Command[];
  /** The commands as they were sent: their arguments may change after the turn. */
  sent: string;
  readonly history: SimulatedWorkflow['history'];
  readonly now: number;
}

/** Ends an execution: the next execution begins with these arguments. */
class Continued extends Error {
  constructor(readonly args: readonly unknown[]) {
    super('Continued as new');
  }
}

const FULL = 1_000_000;

/** The history only has room for work in progress. */
export function isFull({ historyLength }: Facts): boolean {
  return historyLength >= FULL;
}

const NOW = Promise.resolve();

/** Waits until no other promise can proceed by itself. */
function drained(): Promise<void> {
  return new Promise((resolve) => void NOW.then(() => process.nextTick(resolve)));
}

/**
 * One execution of the real workflow code in a simulated world. An execution's state may be lost at any time, and is
 * rebuilt from its events.
 */
export class Execution implements World {
  private readonly turns: Turn[] = [];
  private isInTurn = false;
  /** Whether turns are new; false while turns are repeated. */
  private isLive = true;
  commands = 0;
  /** By their places. */
  private readonly pending = new Map<number, Ended>();
  private readonly queries = new Map<string, () => unknown>();
  private readonly signals = new Map<string, (payload: unknown) => unknown>();
  private hearOther: ((name: string, payload: unknown) => Promise<void>) | undefined;
  private readonly updates = new Map<string, UpdateHandler<unknown>>();
  private handling = 0;
  private readonly conditions = new Map<() => boolean, () => void>();
  private readonly root = new SimulatedScope(() => this.stop());
  /** The cancellation scope in which the knots run. */
  private inner = this.root;

  constructor(
    private readonly owner: SimulatedWorkflow,
    readonly number: number,
    private readonly args: readonly unknown[],
  ) {}

  /** The run id as the server knows it. */
  get runId(): string {
    return this.number === 0 ? this.owner.id : `${this.owner.id} continued`;
  }

  hear(event: Event): void {
    if (!this.isInTurn) {
      this.isInTurn = true;
      const { history, run } = this.owner;
      this.turns.push({ events: [], commands: [], sent: '', history, now: run.world.now });
      run.world.inTurn.push(this);
    }
    this.turn.events.push(event);
    this.apply(event);
  }

  /** Throws the error that would refuse an update. */
  validate(name: string, request: unknown): void {
    this.updates.get(name)!.validate(request);
  }

  query(name: string): unknown {
    return this.queries.get(name)?.();
  }

  /** Ends the turn, unless an awaited condition has become true. Returns whether the turn has ended. */
  endTurn(): boolean {
    for (const [condition, resolve] of this.conditions) {
      if (!condition()) continue;
      this.conditions.delete(condition);
      resolve();
      return false;
    }
    this.isInTurn = false;
    this.turn.sent = JSON.stringify(this.turn.commands.splice(0));
    if (this.isLive) this.owner.turnEnded();
    return true;
  }

  /** Rebuilds the execution from its events. Throws a {@link Violation} if the rebuilt commands differ. */
  async replayed(): Promise<Execution> {
    const again = new Execution(this.owner, this.number, this.args);
    again.isLive = false;
    for (const turn of this.turns) {
      again.turns.push({ ...turn, commands: [] });
      for (const event of turn.events) again.apply(event);
      do await drained();
      while (!again.endTurn());
      compare(turn, again.turn);
    }
    again.isLive = true;
    return again;
  }

  facts(): Facts {
    const { id: workflowId, memo } = this.owner;
    const { history } = this.turn;
    return {
      workflowId,
      workflowType: '',
      runId: this.runId,
      firstExecutionRunId: workflowId,
      memo: { [MEMO_KEY]: memo },
      searchAttributes: {},
      historyLength: this.turns.length + (history === 'full' ? FULL : 0),
      historySize: 0,
      continueAsNewSuggested: history !== 'short',
    };
  }

  isReplaying(): boolean {
    return !this.isLive;
  }

  now(): number {
    return this.turn.now;
  }

  call<T>(type: string, options: ActivityOptions, task: object): Promise<T> {
    // The run does its own steps shielded from a cancel.
    if (this.inner.consideredCancelled && !SYSTEM_ACTIVITIES.includes(type))
      return Promise.reject(cancelled());
    const call = (ended: Ended): void => this.owner.call(type, options, task, ended);
    return this.command(['call', type, options, task], call);
  }

  callHere<T>(type: string, _: object, task: object): Promise<T> {
    return this.command(['callHere', type, task], (ended) => this.owner.callHere(type, task, ended));
  }

  sleep(ms: number): Promise<void> {
    return this.command(['sleep', ms], (ended) => this.owner.sleep(ms, ended));
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => this.conditions.set(condition, resolve));
  }

  async startChild(type: string, options: ChildOptions): Promise<StartedChild> {
    const id = options.workflowId!;
    let ends: Ended | undefined;
    const result = this.command(['result', id], (ended) => (ends = ended));
    // The result may be awaited later.
    result.catch(() => undefined);
    await this.command(['startChild', type, options], (started) =>
      this.owner.startChild(type, options, started, ends!),
    );
    return { workflowId: id, firstExecutionRunId: id, result: () => result };
  }

  workflow(id: string): OtherWorkflow {
    return {
      signal: (name, payload) =>
        this.command(['signal', id, name, payload], (ended) => this.owner.signal(id, name, payload, ended)),
      cancel: () => this.command(['cancel', id], (ended) => this.owner.cancelWorkflow(id, ended)),
    };
  }

  continueAsNew(...args: unknown[]): Promise<never> {
    return Promise.reject(new Continued(args));
  }

  answerQuery(name: string, _: string, answer: () => unknown): void {
    this.queries.set(name, answer);
  }

  hearSignal(name: string, _: string, hear: (payload: unknown) => void): void {
    this.signals.set(name, hear);
  }

  hearOtherSignals(hear: (name: string, payload: unknown) => Promise<void>): void {
    this.hearOther = hear;
  }

  takeUpdate<Request>(name: string, update: UpdateHandler<Request>): void {
    this.updates.set(name, update);
  }

  haveHandlersEnded(): boolean {
    return this.handling === 0;
  }

  scope(): Scope {
    return this.inner;
  }

  cancellable<T>(work: () => Promise<T>): Promise<T> {
    this.inner = new SimulatedScope(() => this.stop());
    this.root.cancelRequested.catch(() => this.inner.cancel());
    return work();
  }

  /** Shielded work needs no scope: a cancel reaches only activities of bodies and child workflows. */
  shielded<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  show(): void {
    // Nothing shows it.
  }

  warn(): void {
    // Nothing reads it.
  }

  private get turn(): Turn {
    return this.turns.at(-1)!;
  }

  private apply(event: Event): void {
    switch (event.type) {
      case 'start':
        return this.start();
      case 'cancel':
        return this.root.cancel();
      case 'ended': {
        const ended = this.pending.get(event.place)!;
        this.pending.delete(event.place);
        return ended(event.result);
      }
      case 'signal': {
        const hear = this.signals.get(event.name);
        if (hear) hear(event.payload);
        else if (this.hearOther) this.handle(this.hearOther(event.name, event.payload));
        return;
      }
      case 'update':
        this.handle(this.updates.get(event.name)!.take(event.payload));
    }
  }

  private handle(work: Promise<unknown>): void {
    this.handling += 1;
    const isHandled = (): void => void (this.handling -= 1);
    work.then(isHandled, isHandled);
  }

  private start(): void {
    this.owner.work(this, this.args).then(
      (value) => this.end(['completed'], () => this.owner.completed({ value })),
      (error: Error) => {
        if (error instanceof Continued)
          this.end(['continued', error.args], () => this.owner.continued(error.args));
        else this.end(['failed', error.message], () => this.owner.completed({ error }));
      },
    );
  }

  private stop(): void {
    if (this.isLive) this.owner.stop();
  }

  private end(command: Command, goOn: () => void): void {
    this.turn.commands.push(command);
    if (this.isLive) goOn();
  }

  private command<T>(command: Command, carryOut: (ended: Ended) => void): Promise<T> {
    const place = this.commands++;
    this.turn.commands.push(command);
    return new Promise((resolve, reject) => {
      this.pending.set(place, (result) =>
        'error' in result ? reject(result.error) : resolve(result.value as T),
      );
      // A repeated turn gets the result as an event.
      if (!this.isLive) return;
      try {
        carryOut((result) => this.owner.commandEnded(this.number, place, result));
      } catch (error) {
        // A Violation is reported directly, as the workflow could mistake it for a failure.
        this.owner.run.world.fail(error as Error);
      }
    });
  }
}

/** The cancel of a scope stops the activities and child workflows of its workflow. */
class SimulatedScope implements Scope {
  consideredCancelled = false;
  private reject!: (error: Error) => void;
  readonly cancelRequested = new Promise<never>((_, reject) => (this.reject = reject));

  constructor(private readonly stop: () => void) {
    this.cancelRequested.catch(() => undefined);
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    return await work();
  }

  cancel(): void {
    this.consideredCancelled = true;
    this.reject(cancelled());
    this.stop();
  }
}

export function cancelled(): CancelledFailure {
  return new CancelledFailure('CANCELLED');
}

function compare({ events, sent }: Turn, { sent: now }: Turn): void {
  if (now === sent) return;
  const what = `A replay gave other commands on ${events.map(({ type }) => type).join(' and ')}: ${now} instead of ${sent}`;
  throw new Violation('not deterministic', what);
}
