import { startProcess } from '../../body-hosts';
import { describeConformance, type Skip } from '../conformance';
import { BEGINNING_TESTS } from './beginning-tests';
import { CALL_TESTS } from './call-tests';
import type { StartBodyHost } from './conversation';
import { END_TESTS } from './end-tests';
import { STREAM_TESTS } from './stream-tests';
import { BodyHostUnderTest, BodyHostsUnderTest, type BodyHostModules, type BodyHostTests } from './subject';
import { VALUE_TESTS } from './value-tests';

/** A body host under test: a program that speaks the body protocol. */
export interface BodyHostSuiteOptions extends BodyHostModules {
  /** The host's program and its arguments. */
  readonly command: readonly string[];
  /** Default: this process's. */
  readonly cwd?: string;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Each skipped name must be a test of the suite, so that no skip outlives its test. */
  readonly skip?: readonly Skip[];
}

const TESTS: BodyHostTests = {
  ...BEGINNING_TESTS,
  ...CALL_TESTS,
  ...VALUE_TESTS,
  ...STREAM_TESTS,
  ...END_TESTS,
};

/**
 * Registers the tests of a body host: a program in any language that calls bodies for a worker. The tests start the
 * host, and test it against docs/body-protocol.md. The host must have the bodies that docs/testing/body-hosts.md lists,
 * `suite:echo` and others. The suite needs the package fast-check, which draws the sent values.
 *
 * @param name the name of the host, for the names of the tests
 */
export function describeBodyHost(name: string, options: BodyHostSuiteOptions): void {
  const { command, cwd, env = {}, skip = [], ...modules } = options;
  describeStartedBodyHost(
    name,
    (said) => startProcess({ name, remedy: 'Correct `command`.', command, cwd, env, said }),
    modules,
    skip,
  );
}

/** Like {@link describeBodyHost}, for a host that is started in another way. */
export function describeStartedBodyHost(
  name: string,
  start: StartBodyHost,
  modules: BodyHostModules,
  skip: readonly Skip[] = [],
): void {
  const hosts = new BodyHostsUnderTest(start);
  const tests = Object.entries(TESTS).map(([title, test]): [string, BodyHostTests[string]] => [
    title,
    async (context) => {
      try {
        await test(context);
      } catch (error) {
        // Frames that remain belong to no other test.
        hosts.leaveShared();
        throw error;
      }
    },
  ]);
  describeConformance(`${name} body host`, Object.fromEntries(tests), {
    create: async () => ({ adapter: new BodyHostUnderTest(hosts, modules) }),
    skip,
  });
  const { afterAll, after = afterAll } = globalThis as unknown as Hooks;
  after!(() => hosts.close());
}

/** jest and vitest have `beforeAll` and `afterAll`, mocha `before` and `after`. */
interface Hooks {
  afterAll?(work: () => Promise<void>): void;
  after?(work: () => Promise<void>): void;
}
