import type { Metrics } from '../runtime/metrics.ts';
import type { Routes } from './start-http-server.ts';

/**
 * `/metrics` in the Prometheus text format, and `/health`: 200 when the server takes mail and answers, 503 with the reasons when a
 * part doesn't. For an internal address: neither asks who is there.
 * @param problems what is wrong right now, one line each; empty when all is well
 */
export function metricsRoutes(metrics: Metrics, problems: () => Promise<string[]>): Routes {
  return (server) => {
    server.get('/metrics', (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.render()),
    );
    server.get('/health', async (_request, reply) => {
      const found = await problems();
      return reply
        .code(found.length === 0 ? 200 : 503)
        .type('text/plain; charset=utf-8')
        .send(found.length === 0 ? 'OK\n' : `${found.join('\n')}\n`);
    });
  };
}
