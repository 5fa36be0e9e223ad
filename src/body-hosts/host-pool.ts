import { SelvageError } from '../errors';
import { afterCancel, HostLost, oneLineOf, startTimer, thrownStack, type BodyCall } from '../runtime';
import { DEFAULT_CANCEL_GRACE_MS } from '../plan';
import type { BodyDescription } from './protocol/messages';
import type { Link } from './protocol/link';
import { HostSession } from './protocol/host-session';

/** A thread or a process that has been started. */
export interface StartedHost {
  readonly link: Link;
  /** For messages: what it is, and which one. */
  readonly name: string;
  /** Whether it keeps this process alive. Default true. */
  hold(isHeld: boolean): void;
  /** Ends it at once, whatever it does. */
  kill(): void;
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<void>;
}

/** Starts one. `said` takes what it writes to its standard output and error, line by line. */
export type StartHost = (said: (line: string) => void) => StartedHost;

interface Member {
  readonly host: StartedHost;
  readonly session: HostSession;
  /** Until then it is one of those that are starting. */
  isReady: boolean;
  concurrency: number;
  /** Calls that occupy it. */
  occupied: number;
  calls: number;
}

const NEVER = new AbortController().signal;
const SHOWN_FRAMES = 5;
/** How long no further one is started after one was not usable. */
const NOT_USABLE_MS = 1_000;
/** How long hosts may take to end when they are asked to. */
const END_LIMIT_MS = 5_000;

/** How long a host that hands bodies on may take, after their grace, to say that they are given up. */
const HAND_BACK_MS = 30_000;

/**
 * The threads or processes of one body host: started when they are needed, kept, and started again when they are lost. A call waits until one is
 * free, in the order of the calls.
 */
export class HostPool {
  readonly #members = new Set<Member>();
  #within: readonly string[] = [];
  #bodies: ReadonlyMap<string, BodyDescription> | undefined;
  readonly #waiting: (() => void)[] = [];
  #starting = 0;
  /** Why the last one that was started cannot be used, and since when that is known. */
  #notUsable: { readonly error: SelvageError; readonly at: number } | undefined;
  #isClosed = false;
  #trouble: unknown;

  /**
   * @param size most threads or processes
   * @param unheard takes lines that they write while several bodies run, or none
   * @param handsOn bodies run elsewhere, and what goes on after its grace is given up by the host itself: stopping it would lose
   *   all others
   */
  constructor(
    private readonly start: StartHost,
    private readonly size: number,
    private readonly unheard: (line: string) => void,
    private readonly handsOn = false,
  ) {}

  /**
   * Starts the first, and asks it which bodies it has: by name. Every later one must have the same.
   *
   * @param within where it is to look for bodies, as its language names it; most programs need nothing
   * @throws SelvageError `HostNotUsable`; whatever loading a module has thrown
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

  /** Why the last one could not be started; undefined if it could. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /**
   * Only after {@link open}.
   *
   * @throws HostLost; SelvageError `HostNotUsable` where none can be started; as the session's call
   */
  async call(body: string, { inputs, context, policy, begins }: BodyCall): Promise<unknown> {
    const isAsync = this.#bodies?.get(body)?.isAsync ?? false;
    const { signal } = context;
    const member = await this.#take(!isAsync, signal);
    begins?.();
    const grace = policy.cancelGrace ?? DEFAULT_CANCEL_GRACE_MS;
    // After the grace, what still goes on is stopped by stopping what runs it.
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

  /** Ends all of them; calls that run are lost. */
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

  /** A member with room; starts one if all are occupied. Who is to end waits no longer. */
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
          // Where others go on, the call waits for one of them.
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

  /** It is occupied before those that wait are woken: they may take only what room is left. */
  async #startOne(occupies: boolean): Promise<Member> {
    this.#starting += 1;
    try {
      const host = this.start((line) => {
        if (this.handsOn || !session.said(line)) this.unheard(line);
      });
      const session: HostSession = new HostSession(host.link, () => host.name);
      const member: Member = { host, session, isReady: false, concurrency: 1, occupied: 0, calls: 0 };
      this.#members.add(member);
      // Whatever has broken the protocol would go on.
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
      // It may have room for many.
      this.#wake();
    }
  }

  /** A file may be edited while a worker runs: records would name the code that the worker began with. */
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
