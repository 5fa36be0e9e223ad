/** Follows the log of a web server: each line becomes a run, whose knots read it and say whether it matters. */
import { FileTailSource, gate, knot, stream, tapestry } from 'selvage';
import { z } from 'zod';

const Request = z.object({ method: z.string(), path: z.string(), status: z.number() });

/** A line that is none of a web server fails, and becomes a dead letter. */
export const read = knot(
  'read-line',
  { input: z.object({ line: z.string() }), output: Request },
  ({ line }) => {
    const found = /"(\w+) (\S+) [^"]*" (\d{3})/.exec(line);
    if (!found) throw new Error(`This is no line of an access log: ${line}`);
    return { method: found[1]!, path: found[2]!, status: Number(found[3]) };
  },
);

export const describe = knot(
  'describe',
  { input: z.object({ request: Request }), output: z.string() },
  ({ request: { method, path, status } }) => `${status} ${method} ${path}`,
);

export const watchLine = tapestry('watch-line', (t) => {
  const request = read({ line: t.parameter('line', z.string()) }, { id: 'request' });
  const failed = gate({ input: request, predicate: ({ status }) => status >= 500 }, { id: 'failed' });
  return { alert: describe({ request: failed }, { id: 'alert' }) };
});

export const accessLog = stream(
  new FileTailSource({ path: process.env['ACCESS_LOG'] ?? 'access.log' }),
  watchLine,
  {
    id: 'access-log',
    parameter: 'line',
    order: 'all',
    // Up to 64 lines share a run, which makes each of them cheap.
    batch: 64,
    onResult: ({ values }) => {
      if (values.alert !== undefined) console.log(`ALERT ${values.alert}`);
    },
  },
);
