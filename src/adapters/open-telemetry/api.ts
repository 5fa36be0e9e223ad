import { SelvageError } from '../../errors';

export type Api = typeof import('@opentelemetry/api');

/** Where the first copy of the API that is used keeps what an SDK has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

interface Registered {
  readonly context?: unknown;
  readonly metrics?: unknown;
}

let loaded: Api | undefined;

/** Loaded late: most processes have no OpenTelemetry. Kept, as each body asks for it. */
export function loadApi(): Api {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an optional package
    return (loaded ??= require('@opentelemetry/api') as Api);
  } catch (cause) {
    throw new SelvageError(
      'MissingPackage',
      'The OpenTelemetry emitter needs the package @opentelemetry/api, and it could not be loaded. Install it, beside the SDK: `npm install @opentelemetry/api`.',
      { details: { package: '@opentelemetry/api' }, cause },
    );
  }
}

/**
 * The API, if this process has an SDK that knows which span is active. Otherwise nothing is loaded, and nobody would
 * hear of a context.
 */
export function apiWithContext(): Api | undefined {
  return apiWith('context');
}

/** The API, if this process has an SDK that takes metrics. Otherwise nothing is loaded. */
export function apiWithMetrics(): Api | undefined {
  return apiWith('metrics');
}

function apiWith(part: keyof Registered): Api | undefined {
  if ((globalThis as { [REGISTERED]?: Registered })[REGISTERED]?.[part] === undefined) return undefined;
  try {
    return loadApi();
  } catch {
    // The SDK has a copy of its own that is out of our reach.
    return undefined;
  }
}
