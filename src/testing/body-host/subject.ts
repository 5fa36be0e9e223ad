import { Conversation, type StartBodyHost } from './conversation';
import type { ConformanceTests, Subject } from '../conformance';

/** What the suite is told about a host. */
export interface BodyHostModules {
  /** Names that the host is told to have bodies in; those of the suite are in them. Default: none. */
  readonly modules?: readonly string[];
  /**
   * A module whose loading throws. If omitted, because the host's bodies are part of the program, skip the test
   * of it.
   */
  readonly brokenModule?: string;
}

/** Hosts for one test. One that is shared is kept for the tests that follow, as starting takes most of the time. */
export class BodyHostUnderTest {
  readonly #start: StartBodyHost;
  readonly #shared: SharedHost;
  readonly #own: Conversation[] = [];
  readonly modules: readonly string[];
  readonly #brokenModule: string | undefined;

  constructor(start: StartBodyHost, shared: SharedHost, { modules = [], brokenModule }: BodyHostModules) {
    this.#start = start;
    this.#shared = shared;
    this.modules = modules;
    this.#brokenModule = brokenModule;
  }

  get brokenModule(): string {
    if (this.#brokenModule === undefined)
      throw new Error(
        'This test needs a module that cannot be loaded. Give `brokenModule`, or skip the test with a reason.',
      );
    return this.#brokenModule;
  }

  /** A host that has been greeted; the test must leave it as it is. */
  async shared(): Promise<Conversation> {
    return await this.#shared.get(this.#start, this.modules);
  }

  /** A host of the test's own, not greeted. */
  start(): Conversation {
    const conversation = new Conversation(this.#start);
    this.#own.push(conversation);
    return conversation;
  }

  /** A host of the test's own, greeted. */
  async greeted(): Promise<Conversation> {
    const conversation = this.start();
    await conversation.greet(this.modules);
    return conversation;
  }

  async close(): Promise<void> {
    await Promise.all(this.#own.map((conversation) => conversation.close()));
  }
}

/** Kept from test to test, and started again where a test has ended it. */
export class SharedHost {
  #conversation: Conversation | undefined;

  async get(start: StartBodyHost, modules: readonly string[]): Promise<Conversation> {
    if (!this.#conversation || this.#conversation.hasEnded) {
      this.#conversation = new Conversation(start);
      await this.#conversation.greet(modules);
    }
    return this.#conversation;
  }

  async close(): Promise<void> {
    await this.#conversation?.close();
  }
}

export type BodyHostTests = ConformanceTests<BodyHostUnderTest, Subject<BodyHostUnderTest>>;
