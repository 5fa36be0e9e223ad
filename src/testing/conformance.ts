import * as assert from 'node:assert/strict';

/** A test that a technology cannot pass, and the reason, which appears in the test's name. */
export interface Skip {
  readonly test: string;
  readonly reason: string;
}

/** The adapter under test, with its storage. */
export interface Subject<T> {
  /** A fresh adapter on empty storage. */
  readonly adapter: T;
  /**
   * Makes a second adapter on the same storage, like another process. If storage cannot be shared, omit `another` and
   * skip those tests.
   */
  another?(): Promise<T>;
  /**
   * Breaks all connections to this storage, like a restart of its server. A technology without connections omits
   * `cutConnections` and skips those tests.
   */
  cutConnections?(): Promise<void>;
  /** Removes the storage, after the suite has closed the adapters. */
  cleanUp?(): Promise<void>;
}

export interface SuiteOptions<S> {
  create(): Promise<S>;
  /** Each skipped name must be a test of the suite, so that no skip outlives its test. */
  readonly skip?: readonly Skip[];
}

interface Closable {
  close(): Promise<void>;
}

interface TestContext<T, S extends Subject<T>> {
  readonly adapter: T;
  readonly subject: S;
  another(): Promise<T>;
  cutConnections(): Promise<void>;
}

export type ConformanceTests<T, S extends Subject<T> = Subject<T>> = Readonly<
  Record<string, (context: TestContext<T, S>) => Promise<void>>
>;

export const TECHNOLOGY_TESTS = {
  async 'names its technology'({
    adapter,
  }: {
    readonly adapter: { readonly technology: string };
  }): Promise<void> {
    assert.match(adapter.technology, /^[a-z][a-z0-9-]*$/);
  },
};

interface Identified {
  identity(): Promise<string>;
}

export const IDENTITY_TESTS = {
  async 'has one identity, whoever has it open'({
    adapter,
    another,
  }: TestContext<Identified, Subject<Identified>>): Promise<void> {
    const identity = await adapter.identity();
    assert.match(identity, /^\S{8,100}$/);
    assert.equal(await adapter.identity(), identity);
    assert.equal(await (await another()).identity(), identity);
  },
};

/** The functions that jest, vitest and mocha (with its global `it.skip`) put into every test file. */
interface TestGlobals {
  describe(name: string, body: () => void): void;
  it: ((name: string, body: () => Promise<void>) => void) & {
    skip(name: string, body: () => Promise<void>): void;
  };
}

/** A function that registers these tests for a technology. */
export function suite<T extends Closable, S extends Subject<T> = Subject<T>>(
  title: string,
  tests: ConformanceTests<T, S>,
): (technology: string, options: SuiteOptions<S>) => void {
  return (technology, options) => describeConformance(`${technology} ${title}`, tests, options);
}

/** Registers the tests with the test runner in whose file this is called. */
export function describeConformance<T extends Closable, S extends Subject<T>>(
  title: string,
  tests: ConformanceTests<T, S>,
  { create, skip = [] }: SuiteOptions<S>,
): void {
  const { describe, it } = globalThis as unknown as TestGlobals;
  const reasons = new Map(skip.map(({ test, reason }) => [test, reason]));
  for (const name of reasons.keys()) {
    if (!(name in tests))
      throw new Error(`${title}: "${name}" is to be skipped, but the suite has no such test.`);
  }
  describe(title, () => {
    for (const [name, test] of Object.entries(tests)) {
      const reason = reasons.get(name);
      if (reason === undefined) it(name, () => runTest(test, create));
      else it.skip(`${name} (skipped: ${reason})`, () => runTest(test, create));
    }
  });
}

async function runTest<T extends Closable, S extends Subject<T>>(
  test: (context: TestContext<T, S>) => Promise<void>,
  create: () => Promise<S>,
): Promise<void> {
  const subject = await create();
  const opened: T[] = [subject.adapter];
  try {
    await test({
      adapter: subject.adapter,
      subject,
      async another() {
        if (subject.another === undefined) {
          throw new Error(
            'This test needs a second adapter on the same storage. Give `another`, or skip the test with a reason.',
          );
        }
        const adapter = await subject.another();
        opened.push(adapter);
        return adapter;
      },
      async cutConnections() {
        if (subject.cutConnections === undefined)
          throw new Error('Give `cutConnections`, or skip this test with a reason.');
        await subject.cutConnections();
      },
    });
  } finally {
    for (const adapter of opened) await adapter.close();
    await subject.cleanUp?.();
  }
}
