import { Hono } from 'hono';
import type { Metrics } from './metrics';
import type { ReadinessProbe } from './readiness';

/**
 * Endpoints for monitoring: `/livez` (the process runs), `/readyz` (it can work; `?exclude=NAME` ignores a part,
 * and may be repeated) and `/metrics` (Prometheus, with the text of `beside`).
 */
export function endpoints(
  readiness: Pick<ReadinessProbe, 'read'>,
  metrics: Pick<Metrics, 'read'>,
  beside: () => Promise<string> = async () => '',
): Hono {
  return new Hono()
    .get('/livez', (context) => context.json({ live: true }))
    .get('/readyz', async (context) => {
      const answer = await readiness.read(context.req.queries('exclude'));
      return context.json(answer, answer.ready ? 200 : 503);
    })
    .get('/metrics', async (context) => {
      const [read, others] = await Promise.all([metrics.read(), beside()]);
      if (read) return context.body(`${read.text}${others}`, 200, { 'content-type': read.contentType });
      return context.text(
        'Metrics need the package prom-client. Install it (npm install prom-client) and start again.\n',
        501,
      );
    });
}
