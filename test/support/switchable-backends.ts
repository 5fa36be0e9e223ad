import { SelvageError, type ErrorCode } from '../../src/errors';
import type {
  Backends,
  DataStore,
  LeaseTable,
  RunHistory,
  StartLedger,
  TapestryStore,
} from '../../src/ports';

interface Hit {
  /** The affected calls, by `port.method`, such as `backends.commit`. Default: all. */
  readonly only?: readonly string[];
  /** After this many calls, the fault ends by itself. Default: never. */
  readonly times?: number;
}

/** Calls fail. */
export interface Break extends Hit {
  readonly code: Extract<ErrorCode, 'BackendUnavailable' | 'DiskFull'>;
  /** `before` (default): the call has no effect. `after`: the call takes effect, but its answer is lost. */
  readonly when?: 'before' | 'after';
}

/** Calls wait before they take effect. */
export interface Hold extends Hit {
  readonly until: Promise<void>;
}

type Fault = Break | Hold;

/** Real backends behind faults that a test can switch. */
export class SwitchableBackends {
  readonly backends: Backends;
  private fault: Fault | undefined;
  private hits: string[] = [];

  constructor(real: Backends) {
    this.backends = {
      commit: this.wrap('backends', real).commit,
      close: () => real.close(),
      tapestryStore: this.wrap<TapestryStore>('tapestryStore', real.tapestryStore),
      runHistory: this.wrap<RunHistory>('runHistory', real.runHistory),
      dataStore: this.wrap<DataStore>('dataStore', real.dataStore),
      leaseTable: this.wrap<LeaseTable>('leaseTable', real.leaseTable),
      startLedger: this.wrap<StartLedger>('startLedger', real.startLedger),
    };
  }

  /** Begins a fault, until {@link mend} or until it has hit `times` calls. */
  inflict(fault: Fault): void {
    this.hits = [];
    this.fault = fault;
  }

  mend(): void {
    this.fault = undefined;
  }

  /** The calls hit by the last fault, in order. */
  get hit(): readonly string[] {
    return this.hits;
  }

  private wrap<T extends object>(port: string, target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const method = value as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.call(`${port}.${String(name)}`, () => method.apply(target, args));
      },
    });
  }

  private async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { fault } = this;
    if (!fault || (fault.only && !fault.only.includes(name))) return await work();
    this.hits.push(name);
    if (fault.times !== undefined && this.hits.length >= fault.times) this.mend();
    if ('until' in fault) {
      await fault.until;
      return await work();
    }
    if (fault.when === 'after') await work();
    throw new SelvageError(fault.code, `The test has cut ${name}.`);
  }
}
