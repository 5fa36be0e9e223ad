import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';

import { childRunId } from '../../../src/workflows/child-run-id';
import { until } from '../../support/until';
import { marksOf, strikesOf, type Blow } from './blows';
import {
  checkResumed,
  checkRun,
  checkShared,
  hasAnswer,
  type Checked,
  type Death,
  type Digest,
} from './check';
import type { ClientOrders } from './client.process';
import type { Composition } from './composition';
import { checkDelivered } from './delivered';
import { answererOf, checkElements } from './elements';
import { readJournal, type JournalLine } from './journal';
import { CHILD_RUN_KNOT, type HostOptions, type MixPlace } from './mix';
import type { Scenario } from './plan';
import { rulesOf } from './points';
import type { Backends } from '../../../src/ports';
import type { Actor, End, Pool } from './processes';
import type { Held } from './scene';
import { openStores } from './struck-backends';
import type { WorkerOrders } from './worker.process';

/** What all scenarios of a campaign share. */
export interface Ground {
  /** Scenarios have their folders in it. */
  readonly folder: string;
  readonly address: string;
  readonly codePath: string;
  readonly client: WorkflowClient;
  readonly workers: Pool;
  readonly clients: Pool;
  /** Body hosts, and how workers open them. */
  readonly hosts: HostOptions;
  /** Those that blows can be dealt to. */
  readonly servers: Composition['servers'];
}

export interface ScenarioResult extends Checked {
  /** The blows that fell where they were meant to. */
  readonly landed: readonly Blow[];
  /** Processes that were killed. */
  readonly kills: number;
  /** Digest of the concurrent run of the same work. */
  readonly twin?: Digest;
}

/** A safety net: a killed worker costs some seconds, a killed workflow task ten. */
const RUN_LIMIT_MS = 600_000;
/** A worker may wait for its body hosts, each for two minutes at most; until then it cannot be told to stop. */
const START_LIMIT_MS = 150_000;
const STOP_LIMIT_MS = 30_000;
const HOLD_LIMIT_MS = 90_000;
/**
 * The SDK breaks off workflow code that takes over 5 s by the clock, and Node may not survive that. A worker that was frozen in
 * the midst of such code comes to it as soon as it thaws: lost, like one that is killed.
 */
const WATCHDOG = /async hook stack has become corrupted|Script execution timed out/;
const SERVED_LIMIT_MS = 60_000;
const SERVED_AGAIN_MS = 200;
/** When waits are due: later than a run begins, and not much. */
const DUE_MS = 4_000;
const CLIENT_AGAIN_MS = 500;
/** What a client may meet while the server is down. */
const PASSING: readonly string[] = ['ServerUnreachable', 'BackendUnavailable'];

export async function runScenario(ground: Ground, scenario: Scenario, name: string): Promise<ScenarioResult> {
  return await new ScenarioRun(ground, scenario, name).run();
}

class ScenarioRun {
  private readonly folder: string;
  private readonly runId: string;
  /** Id of the run that resumes one that was cut short. */
  private readonly resumedBy: string;
  /** The run of the same work that goes on at the same time. */
  private readonly twin: string | undefined;
  private readonly taskQueue: string;
  private readonly place: MixPlace;
  private readonly problems: string[] = [];
  private readonly deaths: Death[] = [];
  /** Processes that the campaign itself has killed, by process id: for which blow. */
  private readonly dealt = new Map<number, Blow>();
  /** Process ids of workers that were frozen. */
  private readonly frozen = new Set<number>();
  private readonly workers = new Set<Actor>();
  private readonly held = new Map<string, { held: Held; by: Actor }>();
  private readonly handled: Promise<void>[] = [];
  private readonly landedHere = new Set<Blow>();
  private client: Actor | undefined;
  private hasBegun = false;
  private isOver = false;
  private serverKills = 0;

  constructor(
    private readonly ground: Ground,
    private readonly scenario: Scenario,
    name: string,
  ) {
    this.folder = path.join(ground.folder, name);
    this.runId = `run-${name}`;
    this.resumedBy = `resumed-${name}`;
    if (scenario.mix.isTwice) this.twin = `twin-${name}`;
    this.taskQueue = `queue-${name}`;
    this.place = {
      otherQueue: `other-${name}`,
      due: Date.now() + DUE_MS,
      folder: this.folder,
      blows: scenario.blows.filter(({ point }) => rulesOf(point).host !== undefined),
      hosts: ground.hosts,
    };
  }

  async run(): Promise<ScenarioResult> {
    mkdirSync(this.folder, { recursive: true });
    const { mix, workers } = this.scenario;
    const posts = Array<string>(workers).fill(this.taskQueue);
    if (mix.travels) posts.push(this.place.otherQueue);
    const crew = posts.map((queue) => this.keepWorker(queue));
    const ended = await Promise.race([
      this.keepClient(),
      sleep(RUN_LIMIT_MS, 'late' as const, { ref: false }),
    ]);
    if (ended === 'late') this.problems.push(`did not end within ${RUN_LIMIT_MS / 1000} s`);
    // Those who were held, or frozen, go on first.
    else await Promise.all(this.handled);
    this.isOver = true;
    if (ended === 'late') this.client?.signal('SIGKILL');
    for (const worker of this.workers) worker.order({ type: 'stop' });
    await Promise.all(crew);
    return await whenServed(() => this.check());
  }

  /** One worker after the other at this post, until the run is over. */
  private async keepWorker(taskQueue: string): Promise<void> {
    const { workers } = this.ground;
    while (!this.isOver) {
      const worker = await workers.take();
      if (this.isOver) return workers.giveBack(worker);
      worker.listen((told) => {
        if (told.type === 'held') this.handled.push(this.handleOrNote(told, worker));
      });
      const idle = worker.say('idle');
      const started = worker.say('started');
      this.workers.add(worker);
      worker.order({ type: 'work', orders: this.workerOrders(taskQueue) });
      const stopped = this.isStopped()
        .then(() => Promise.race([started, sleep(START_LIMIT_MS, undefined, { ref: false })]))
        .then(() => sleep(STOP_LIMIT_MS, 'late' as const, { ref: false }));
      const end = await Promise.race([idle, stopped]);
      this.workers.delete(worker);
      if (end === 'late') {
        this.problems.push('a worker did not stop');
        worker.signal('SIGKILL');
      } else if (end) {
        workers.giveBack(worker);
      } else {
        this.noteEnd(worker, await worker.ended, 'worker');
      }
    }
  }

  private async isStopped(): Promise<void> {
    while (!this.isOver) await sleep(200, undefined, { ref: false });
  }

  /** One client after the other, each with the same command, until one has seen the end of the run. */
  private async keepClient(): Promise<void> {
    const { clients } = this.ground;
    while (!this.isOver) {
      const client = await clients.take();
      this.client = client;
      let last: 'done' | 'refused' | undefined;
      client.listen((told) => {
        if (told.type === 'begun') this.begun();
        if (told.type === 'done') last = 'done';
        if (told.type === 'refused') {
          last = 'refused';
          if (!PASSING.includes(told.code)) this.problems.push(`the client: ${told.code}: ${told.message}`);
        }
      });
      const idle = client.say('idle');
      client.order({ type: 'work', orders: this.clientOrders() });
      if (await idle) clients.giveBack(client);
      else this.noteEnd(client, await client.ended, 'client');
      this.client = undefined;
      if (last === 'done') return;
      if (last === 'refused') await sleep(CLIENT_AGAIN_MS);
    }
  }

  private begun(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    for (const blow of this.scenario.blows) {
      if (blow.after === undefined) continue;
      setTimeout(() => this.strikeAtRandom(blow), blow.after);
    }
  }

  private strikeAtRandom(blow: Blow): void {
    const victim = blow.point === 'random-client' ? this.client : [...this.workers][0];
    if (this.isOver || !victim?.isAlive) return;
    this.kill(victim, blow);
  }

  private kill(victim: Actor, blow: Blow): void {
    this.dealt.set(victim.pid, blow);
    victim.signal('SIGKILL');
  }

  private async handleOrNote(held: Held, by: Actor): Promise<void> {
    try {
      await this.handle(held, by);
    } catch (error) {
      this.problems.push(`a blow could not be dealt: ${(error as Error).message}`);
    }
  }

  private async handle(held: Held, by: Actor): Promise<void> {
    const blow = this.scenario.blows[held.blow]!;
    this.held.set(`${held.blow}.${held.strike}`, { held, by });
    const server = this.ground.servers.get(blow.point);
    if (server) {
      await server.strike();
      this.serverKills += 1;
      this.landedHere.add(blow);
      release(held, by);
    } else if (held.strike === strikesOf(blow) - 1) {
      const first = await this.firstOf(held);
      if (!first) release(held, by);
      else if (blow.point === 'stream-worker') await this.killAnswerer(blow, held, by);
      else if (blow.point === 'frozen-reader') {
        wake(first);
        release(held, by);
        this.landedHere.add(blow);
      } else if (blow.point === 'two-workers') {
        for (const { by: victim } of [first, { by }]) this.kill(victim, blow);
      } else {
        await this.thaw(blow, first, { held, by });
      }
    } else if (blow.point === 'two-workers') {
      await this.orRelease(held, by);
    } else {
      this.frozen.add(by.pid);
      by.signal('SIGSTOP');
      await this.orRelease(held, by);
    }
  }

  /** One process reads the stream; which one answers for its workflow, the server decides. */
  private async killAnswerer(blow: Blow, held: Held, by: Actor): Promise<void> {
    const pid = await answererOf(this.ground.client, this.taskQueue);
    const victim = [...this.workers].find((worker) => worker.pid === pid);
    if (victim?.isAlive) this.kill(victim, blow);
    if (victim !== by) release(held, by);
  }

  /** The word of the second process may come before that of the first. */
  private async firstOf({ blow }: Held): Promise<{ held: Held; by: Actor } | undefined> {
    try {
      return await until('the first strike', () => this.held.get(`${blow}.0`), HOLD_LIMIT_MS);
    } catch {
      return undefined;
    }
  }

  /** The second strike does what is to be done; where none comes, nobody must wait for ever. */
  private async orRelease(held: Held, by: Actor): Promise<void> {
    const isThere = (): boolean => this.held.has(`${held.blow}.${held.strike + 1}`) || !by.isAlive;
    try {
      await until('the second strike', isThere, HOLD_LIMIT_MS);
    } catch {
      wake({ held, by });
    }
  }

  /** Two attempts of one knot are alive: the frozen one and its successor. Each gets its turn to commit. */
  private async thaw(
    blow: Blow,
    frozen: { held: Held; by: Actor },
    next: { held: Held; by: Actor },
  ): Promise<void> {
    const knot = blow.knots[0]!;
    const wakeFrozen = (): void => wake(frozen);
    const follow = (): void => release(next.held, next.by);
    const [winner, loser] = blow.point === 'frozen-first' ? [frozen.by, next.by] : [next.by, frozen.by];
    const said = (what: JournalLine['what'], pid: number) =>
      until(`${what} by the right one`, () =>
        readJournal(this.folder).some((line) => line.knot === knot && line.what === what && line.pid === pid),
      );
    const [first, second] = blow.point === 'frozen-first' ? [wakeFrozen, follow] : [follow, wakeFrozen];
    try {
      first();
      await said('recorded', winner.pid);
      second();
      await said('adopted', loser.pid);
      this.landedHere.add(blow);
    } catch (error) {
      second();
      if (!frozen.by.isAlive) return;
      this.problems.push(`${blow.point} at ${knot}: ${(error as Error).message}`);
    }
  }

  private noteEnd(actor: Actor, end: End, what: string): void {
    this.deaths.push({ pid: actor.pid, at: end.at });
    const isHit =
      this.dealt.has(actor.pid) ||
      this.scenario.blows.some((blow) => marksOf(this.folder, blow).some(({ pid }) => pid === actor.pid));
    if (isHit && end.signal === 'SIGKILL') return;
    if (this.frozen.has(actor.pid) && WATCHDOG.test(end.lastWords)) return;
    this.problems.push(`a ${what} ended by itself (${end.signal ?? end.code}): ${end.lastWords}`);
  }

  private async check(): Promise<ScenarioResult> {
    const { folder, scenario } = this;
    const landed: Blow[] = [];
    const backends = await openStores(folder, scenario.stores);
    try {
      const hasFrozen = this.scenario.blows.some(({ point }) => point.startsWith('frozen-'));
      const evidence = { journal: readJournal(folder), deaths: this.deaths, hasFrozen, frozen: this.frozen };
      const ofElements = scenario.mix.elements
        ? await checkElements(backends, folder, this.taskQueue, scenario.mix, evidence)
        : undefined;
      const checked = ofElements
        ? ofElements
        : scenario.cut
          ? await checkResumed(backends, this.runId, this.resumedBy, evidence)
          : await checkRun(backends, this.runId, evidence);
      const twin = this.twin === undefined ? undefined : await checkRun(backends, this.twin, evidence);
      const shared = await checkShared(backends, ofElements?.runIds ?? this.runIds(), evidence);
      const delivered = await checkDelivered(backends, folder);
      for (const blow of scenario.blows) {
        if (await this.hasLanded(blow, backends)) landed.push(blow);
      }
      const continued = scenario.mix.continues && !scenario.cut ? await this.checkContinued(backends) : [];
      return {
        ...checked,
        problems: [
          ...this.problems,
          ...continued,
          ...checked.problems,
          ...(twin?.problems ?? []).map((problem) => `of its twin: ${problem}`),
          ...shared,
          ...delivered,
        ],
        ...(twin && { twin: twin.digest }),
        landed,
        kills: this.deaths.length + this.serverKills + landed.filter(isOnHost).length,
      };
    } finally {
      await backends.close();
    }
  }

  /** Whether the mix is what its name says. */
  private async checkContinued({ runHistory }: Backends): Promise<string[]> {
    const problems: string[] = [];
    const { client } = this.ground;
    const run = await runHistory.getRun(this.runId);
    const last = await client.getHandle(this.runId).describe();
    if (run?.temporal_run_id === last.runId) problems.push('the run never continued as new');
    try {
      await client.getHandle(childRunId(this.runId, CHILD_RUN_KNOT)).describe();
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      problems.push(`${CHILD_RUN_KNOT} had no child run`);
    }
    return problems;
  }

  private async hasLanded(blow: Blow, { runHistory }: Backends): Promise<boolean> {
    if (this.ground.servers.has(blow.point) || blow.point.startsWith('frozen'))
      return this.landedHere.has(blow);
    if (isOnHost(blow)) return this.hasLostHost(blow);
    const isDead = (pid: number): boolean => this.deaths.some((death) => death.pid === pid);
    if (blow.after !== undefined || blow.point === 'stream-worker')
      return [...this.dealt].some(([pid, why]) => why === blow && isDead(pid));
    const marks = marksOf(this.folder, blow);
    if (marks.length < strikesOf(blow) || !marks.every(({ pid }) => isDead(pid))) return false;
    if (blow.point !== 'after-answer') return true;
    const [{ knot, pid }] = marks as [(typeof marks)[number]];
    for (const runId of this.runIds()) {
      const run = await runHistory.getRun(runId);
      if (run && (await hasAnswer(this.ground.client, run, knot, pid))) return true;
    }
    return false;
  }

  /** Whether what ran the body is gone: the attempt that took the blow never ended, another one followed, and no such process is left. */
  private hasLostHost(blow: Blow): boolean {
    const [mark] = marksOf(this.folder, blow);
    if (!mark) return false;
    const { knot, pid } = mark;
    const lines = readJournal(this.folder).filter((line) => line.knot === knot && line.pid === pid);
    const struck = lines.findLast(({ what, at }) => what === 'began' && at <= mark.at);
    const isOver = lines.some(({ what, attempt }) => what === 'ended' && attempt === struck?.attempt);
    const isFollowed = readJournal(this.folder).some(
      (line) => line.knot === knot && line.what === 'began' && line.attempt > (struck?.attempt ?? Infinity),
    );
    const isThread = rulesOf(blow.point).host === 'threads';
    return struck !== undefined && !isOver && isFollowed && (isThread || !isAlive(pid));
  }

  private runIds(): string[] {
    return [this.runId, this.resumedBy, ...(this.twin === undefined ? [] : [this.twin])];
  }

  /** What workers and clients are told alike. */
  private orders(taskQueue = this.taskQueue) {
    const { folder, place } = this;
    const { mix, stores, blows, parameters } = this.scenario;
    return {
      folder,
      stores,
      mix: mix.name,
      parameters,
      address: this.ground.address,
      taskQueue,
      place,
      blows,
    };
  }

  private workerOrders(taskQueue: string): WorkerOrders {
    return { ...this.orders(taskQueue), slots: this.scenario.slots, codePath: this.ground.codePath };
  }

  private clientOrders(): ClientOrders {
    const { runId, twin, resumedBy } = this;
    const { cut } = this.scenario;
    const more = { ...(twin !== undefined && { twin }), ...(cut && { cut: { ...cut, resumedBy } }) };
    return { ...this.orders(), runId, ...more };
  }
}

const isOnHost = ({ point }: Blow): boolean => rulesOf(point).host !== undefined;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A server may be down just now, for the sake of another scenario. */
async function whenServed<T>(ask: () => Promise<T>): Promise<T> {
  for (const giveUpAt = Date.now() + SERVED_LIMIT_MS; ; await sleep(SERVED_AGAIN_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() >= giveUpAt) throw error;
    }
  }
}

function wake({ held, by }: { held: Held; by: Actor }): void {
  by.signal('SIGCONT');
  release(held, by);
}

function release({ blow, strike }: Held, by: Actor): void {
  by.order({ type: 'release', blow, strike });
}
