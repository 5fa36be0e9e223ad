import { SelvageError } from '../errors';
import {
  afterCancel,
  attachTables,
  HostLost,
  oneLineOf,
  startTimer,
  thrownStack,
  type BodyCall,
} from '../runtime';
import { DEFAULT_CANCEL_GRACE_MS } from '../plan';
import type { BodyDescription } from './protocol/messages';
import type { Link } from './protocol/link';
import { HostSession } from './protocol/host-session';

export interface StartedHost {
  readonly link: Link;
  /** The host's kind and number, for messages. */
  readonly name: string;
  /** Whether the host keeps this process alive. Default true. */
  hold(isHeld: boolean): void;
  kill(): void;
  /** Resolves when the host has ended completely. */
  readonly gone: Promise<void>;
}

/** @param said receives the host's standard output and error, line by line */
export type StartHost = (said: (line: string) => void) => StartedHost;

interface Member {
  readonly host: StartedHost;
  readonly session: HostSession;
  isReady: boolean;
  concurrency: number;
  /** Number of calls that occupy the host. */
  occupied: number;
  calls: number;
}

const NEVER = new AbortController().signal;
const SHOWN_FRAMES = 5;
/** Pause of starts after an unusable host. */
const NOT_USABLE_MS = 1_000;
/** Time limit for hosts to end when asked to end. */
const END_LIMIT_MS = 5_000;

/** Time limit, after the grace, for a host of a cluster to give up a body. */
const HAND_BACK_MS = 30_000;

/**
 * The threads or processes of one body host, started on demand, kept, and restarted when lost. Calls wait in order.
 */
export class HostPool {
  readonly #members = new Set<Member>();
  #within: readonly string[] = [];
  #bodies: ReadonlyMap<string, BodyDescription> | undefined;
  readonly #waiting: (() => void)[] = [];
  #starting = 0;
  /** Why, and when, the last start of a host failed. */
  #notUsable: { readonly error: SelvageError; readonly at: number } | undefined;
  #isClosed = false;
  #trouble: unknown;

  /**
   * @param size maximum number of threads or processes
   * @param unheard receives the hosts' lines that belong to no single body
   * @param handsOn bodies run in a cluster: the host gives up a body after its grace, as killing the host would lose
   * all
   */
  constructor(
    private readonly start: StartHost,
    private readonly size: number,
    private readonly unheard: (line: string) => void,
    private readonly handsOn = false,
  ) {}

  /**
   * Starts the first host, and returns its bodies by name. Every later host must have the same bodies.
   *
   * @param within places of bodies in the terms of the language; most programs need none
   * @throws SelvageError `HostNotUsable`; errors of loading a module
   */
  async open(within: readonly string[]): Promise<ReadonlyMap<string, BodyDescription>> {
    this.#within = within;
    this.#release(await this.#take(true, NEVER), true);
    return this.#bodies!;
  }

  /** Only after {@link open}. */
  get bodies(): ReadonlyMap<string, BodyDescription> {
    return this.#bodies!;
  }

  /** Why the last start of a host failed; undefined if it succeeded. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /**
   * Only after {@link open}.
   *
   * @throws HostLost; SelvageError `HostNotUsable` if no host can be started; as the session's call
   */
  async call(body: string, { inputs, context, policy, begins }: BodyCall): Promise<unknown> {
    const isAsync = this.#bodies?.get(body)?.isAsync ?? false;
    const { signal } = context;
    if (this.handsOn) await attachTables(inputs);
    const member = await this.#take(!isAsync, signal);
    begins?.();
    const grace = policy.cancelGrace ?? DEFAULT_CANCEL_GRACE_MS;
    // A body that outlasts its grace is stopped with its host.
    const stop = afterCancel(signal, grace + (this.handsOn ? HAND_BACK_MS : 0), {
      over: () => member.host.kill(),
    });
    try {
      return await member.session.call(body, { inputs, context }, grace);
    } finally {
      stop();
      this.#release(member, !isAsync);
    }
  }

  /** Ends all hosts; running calls are lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    const members = [...this.#members];
    for (const { session, host, calls } of members) {
      host.hold(true);
      if (calls > 0) host.kill();
      else session.close();
    }
    const stop = startTimer(END_LIMIT_MS, () => members.forEach(({ host }) => host.kill()));
    await Promise.all(members.map(({ host }) => host.gone));
    stop();
  }

  /** A host with room; starts a host if all are occupied. An aborted signal ends the wait. */
  async #take(occupies: boolean, signal: AbortSignal): Promise<Member> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#isClosed) throw new HostLost('The worker is ending, and has closed its body hosts.');
      const usable = [...this.#members].filter(({ session, isReady }) => isReady && !session.hasEnded);
      const [member] = usable
        .filter(({ occupied, concurrency }) => !occupies || occupied < concurrency)
        .sort((a, b) => a.calls - b.calls);
      const isBusy = !member || (occupies && member.calls > 0);
      const refusal = this.#refusal();
      if (isBusy && !refusal && usable.length + this.#starting < this.size) {
        const started = await this.#startOne(occupies).catch((error: unknown) => {
          // While other members work, the call waits for a member.
          if (usable.length === 0 || !SelvageError.is(error, 'HostNotUsable')) throw error;
        });
        if (started) return started;
        continue;
      }
      if (member) return this.#occupy(member, occupies);
      if (refusal && usable.length + this.#starting === 0) throw refusal;
      const wake = (): void => this.#wake();
      signal.addEventListener('abort', wake, { once: true });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      signal.removeEventListener('abort', wake);
    }
  }

  #refusal(): SelvageError | undefined {
    const { error, at } = this.#notUsable ?? {};
    return at !== undefined && performance.now() - at < NOT_USABLE_MS ? error : undefined;
  }

  #occupy(member: Member, occupies: boolean): Member {
    if (member.calls === 0) member.host.hold(true);
    member.calls += 1;
    if (occupies) member.occupied += 1;
    return member;
  }

  #release(member: Member, occupies: boolean): void {
    member.calls -= 1;
    if (member.calls === 0) member.host.hold(false);
    if (occupies) member.occupied -= 1;
    this.#waiting.shift()?.();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Occupies the new host before waking the waiters, which may only take the remaining room. */
  async #startOne(occupies: boolean): Promise<Member> {
    this.#starting += 1;
    try {
      const host = this.start((line) => {
        if (this.handsOn || !session.said(line)) this.unheard(line);
      });
      const session: HostSession = new HostSession(host.link, () => host.name);
      const member: Member = { host, session, isReady: false, concurrency: 1, occupied: 0, calls: 0 };
      this.#members.add(member);
      // A host that broke the protocol would continue.
      void session.over.then(() => host.kill());
      void host.gone.then(() => {
        this.#members.delete(member);
        this.#waiting.shift()?.();
      });
      try {
        ({ concurrency: member.concurrency } = await session.ready);
        await this.#compare(session, host.name);
        member.isReady = true;
        this.#trouble = undefined;
      } catch (error) {
        this.#trouble = error;
        host.kill();
        if (SelvageError.is(error, 'HostNotUsable')) this.#notUsable = { error, at: performance.now() };
        throw error;
      }
      return this.#occupy(member, occupies);
    } finally {
      this.#starting -= 1;
      // A new host may have room for many calls.
      this.#wake();
    }
  }

  /** If a file was edited while the worker runs, records would name the code that the worker began with. */
  async #compare(session: HostSession, name: string): Promise<void> {
    const known = this.#bodies;
    const found = await session.describe(this.#within).catch((error: unknown) => {
      if (!known && SelvageError.is(error)) throw error;
      const where = error instanceof HostLost ? '' : framesOf(error);
      throw notUsable(`${name} cannot load its bodies: ${oneLineOf(error)}${where}`, error);
    });
    const bodies = new Map(found.map((body) => [body.name, body]));
    this.#bodies ??= bodies;
    const edited = known && [...known.values()].find((body) => bodies.get(body.name)?.source !== body.source);
    if (edited)
      throw notUsable(
        `The body "${edited.name}" was edited after this worker had begun, and ${name} would call it as it is now. Restart the worker.`,
      );
  }
}

/** The frames of the user's files, innermost first. */
function framesOf(error: unknown): string {
  const frames = thrownStack(error)
    .split('\n')
    .slice(1, 1 + SHOWN_FRAMES);
  return frames.map((frame) => `\n${frame}`).join('');
}

function notUsable(message: string, cause?: unknown): SelvageError {
  return new SelvageError('HostNotUsable', message, { cause });
}
