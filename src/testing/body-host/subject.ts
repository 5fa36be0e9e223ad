import { Conversation, type StartBodyHost } from './conversation';
import type { ConformanceTests, Subject } from '../conformance';

/** The modules of a host's bodies. */
export interface BodyHostModules {
  /** Modules for the host that contain the suite's bodies. Default: none. */
  readonly modules?: readonly string[];
  /** A module whose loading throws. If the bodies are part of the program, omit this module and skip its test. */
  readonly brokenModule?: string;
}

export class BodyHostUnderTest {
  readonly #hosts: BodyHostsUnderTest;
  readonly #own: Conversation[] = [];
  readonly modules: readonly string[];
  readonly #brokenModule: string | undefined;

  constructor(hosts: BodyHostsUnderTest, { modules = [], brokenModule }: BodyHostModules) {
    this.#hosts = hosts;
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

  /** A host that has been greeted; the test must leave the host as it is. */
  async shared(): Promise<Conversation> {
    return await this.#hosts.shared();
  }

  /** A host of the test's own that was not greeted. */
  start(): Conversation {
    const conversation = this.#hosts.start();
    this.#own.push(conversation);
    return conversation;
  }

  async greeted(): Promise<Conversation> {
    const conversation = this.start();
    await conversation.greet();
    return conversation;
  }

  async close(): Promise<void> {
    await Promise.all(this.#own.map((conversation) => conversation.close()));
  }
}

/** All hosts of a suite. Starting a host is slow, so one host is kept from test to test, until a test ends it. */
export class BodyHostsUnderTest {
  readonly #start: StartBodyHost;
  readonly #started = new Set<Conversation>();
  #shared: Conversation | undefined;

  constructor(start: StartBodyHost) {
    this.#start = start;
  }

  start(): Conversation {
    const conversation = new Conversation(this.#start);
    this.#started.add(conversation);
    void conversation.host.gone.then(() => this.#started.delete(conversation));
    return conversation;
  }

  async shared(): Promise<Conversation> {
    if (this.#shared && !this.#shared.hasEnded) return this.#shared;
    this.#shared = this.start();
    await this.#shared.greet();
    return this.#shared;
  }

  leaveShared(): void {
    this.#shared?.host.kill();
    this.#shared = undefined;
  }

  /** Ends also the hosts of tests that hang, and that their test runner has given up. */
  async close(): Promise<void> {
    await Promise.all([...this.#started].map((conversation) => conversation.close()));
  }
}

export type BodyHostTests = ConformanceTests<BodyHostUnderTest, Subject<BodyHostUnderTest>>;

/** Tests on the shared host; each one ends with the check that the host has said nothing more. */
export function onSharedHost(
  tests: Readonly<Record<string, (host: Conversation, adapter: BodyHostUnderTest) => Promise<void>>>,
): BodyHostTests {
  return Object.fromEntries(
    Object.entries(tests).map(([name, test]) => [
      name,
      async ({ adapter }) => {
        const host = await adapter.shared();
        await test(host, adapter);
        await host.isQuiet();
      },
    ]),
  );
}
