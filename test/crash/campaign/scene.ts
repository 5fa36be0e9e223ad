import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

import type { KnotContext } from '../../../src';
import { killSelf, marksOf, takeStrike, type Blow } from './blows';
import { note } from './journal';
import { isHosted } from './mix';
import type { Point } from './points';

/** What a process says of a body that is held: the campaign does what the blow asks for, and lets it go on (or not). */
export interface Held {
  readonly type: 'held';
  readonly blow: number;
  /** Which strike of the blow. */
  readonly strike: number;
  readonly knot: string;
}

interface Taken {
  readonly at: number;
  readonly type: string;
  readonly id: string;
}

/** Blows that the campaign deals itself, while the body waits for it. */
const HOLDING: readonly Point[] = ['two-workers', 'frozen-first', 'frozen-last', 'server', 'database'];

const HELD_LOOK_MS = 50;

/** Whether it is the run of an iteration, by its id. */
const isOfSecondIteration = (run: string): boolean => run.endsWith('#2');

/** One scenario as a process that takes part in it sees it: where it keeps its journal, and the blows that it must look out for. */
export class Scene {
  private readonly taken = new AsyncLocalStorage<Taken>();
  private readonly waiting = new Map<string, () => void>();

  constructor(
    readonly folder: string,
    private readonly blows: readonly Blow[],
    private readonly tell: (held: Held) => void,
    /** Whether a knot has a record. Only workers ask. */
    readonly isRecorded: (run: string, knot: string) => Promise<boolean> = () => Promise.resolve(false),
  ) {}

  /** Dies here, if there is a blow for it. */
  strike(point: Point, knot = ''): void {
    for (const blow of this.blows) {
      if (blow.point !== point || (blow.knots.length > 0 && !blow.knots.includes(knot))) continue;
      if (takeStrike(this.folder, blow, knot) !== undefined) killSelf();
    }
  }

  /** Whether a blow of this kind is still to be looked out for. */
  expects(point: Point, knot: string): boolean {
    return this.blows.some((blow) => blow.point === point && blow.knots.includes(knot));
  }

  /** Whether a blow falls at this point, whatever it is aimed at. */
  strikesAt(point: Point): boolean {
    return this.blows.some((blow) => blow.point === point);
  }

  /** As the body of a knot is held: before the result of an element is delivered. */
  async holdElement(element: number): Promise<void> {
    for (const blow of this.blows) {
      if (blow.point !== 'stream-worker' && blow.point !== 'frozen-reader') continue;
      if (element < Number(blow.knots[0]!.split('-')[1])) continue;
      // The second strike is that of the process which reads instead.
      if (marksOf(this.folder, blow).some(({ pid }) => pid === process.pid)) continue;
      await this.holdFor(blow, `element-${element}`);
    }
  }

  /**
   * Keeps results behind the element of a blow that falls when the server has the checkpoint: that comes with the next
   * heartbeat, until which a whole stream may be over.
   */
  async holdBehindCheckpoint(element: number, signal: AbortSignal): Promise<void> {
    const isToCome = (blow: Blow): boolean =>
      blow.point === 'after-checkpoint' &&
      element > Number(blow.knots[0]!.split('-')[1]) &&
      marksOf(this.folder, blow).length === 0;
    while (this.blows.some(isToCome) && !signal.aborted) await sleep(HELD_LOOK_MS);
  }

  /** Runs a body: notes that it begins and ends, and is where blows hit it. */
  async perform<T>({ runId: run, knotId: knot, attempt }: KnotContext, body: () => Promise<T>): Promise<T> {
    const takenAt = this.taken.getStore()?.at ?? Date.now();
    note(this.folder, { what: 'began', run, knot, attempt, takenAt });
    this.strike('in-body', knot);
    this.strike('in-body-twice', knot);
    this.strike('segment-in-body', knot);
    this.strike('batch-in-body', knot);
    this.strike('shared-in-body', knot);
    this.strike('in-child-run', knot);
    if (isOfSecondIteration(run)) this.strike('in-iteration', knot);
    await this.hold(knot);
    try {
      return await body();
    } finally {
      note(this.folder, { what: 'ended', run, knot, attempt });
    }
  }

  /** True once in a scenario, whichever process asks. */
  isFirstTime(what: string): boolean {
    try {
      closeSync(openSync(path.join(this.folder, `once ${what}`), 'wx'));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  /** The campaign's word that a held body may go on. */
  release({ blow, strike }: Pick<Held, 'blow' | 'strike'>): void {
    this.waiting.get(`${blow}.${strike}`)?.();
  }

  /** Outermost of all: notes when the worker was given what it runs. */
  readonly interceptor = ({ info }: Context): ActivityInterceptors => ({
    inbound: {
      execute: (input, next) => {
        const { activityType: type, activityId: id, attempt, workflowExecution } = info;
        if (isHosted(id))
          note(this.folder, { what: 'taken', run: workflowExecution!.workflowId, knot: id, attempt });
        return this.taken.run({ at: Date.now(), type, id }, () => next(input));
      },
    },
  });

  /** The id of the activity that this is called in, if it is of this type. */
  activityOf(type: string): string | undefined {
    const taken = this.taken.getStore();
    return taken?.type === type ? taken.id : undefined;
  }

  private async hold(knot: string): Promise<void> {
    for (const blow of this.blows) {
      if (!HOLDING.includes(blow.point) || !blow.knots.includes(knot)) continue;
      await this.holdFor(blow, knot);
    }
  }

  private async holdFor(blow: Blow, knot: string): Promise<void> {
    const strike = takeStrike(this.folder, blow, knot);
    if (strike === undefined) return;
    const released = new Promise<void>((resolve) => this.waiting.set(`${blow.index}.${strike}`, resolve));
    this.tell({ type: 'held', blow: blow.index, strike, knot });
    await released;
  }
}
