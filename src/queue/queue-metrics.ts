import type { Metrics } from '../runtime/metrics.ts';
import type { EndKind } from './end-recipient.ts';
import type { AttemptReply } from './queue.ts';

export interface QueueMetrics {
  /** Recipients in the queue. */
  queued: number;
  ended(ends: readonly EndKind[]): void;
  webhookRequested(result: 'delivered' | 'temporary' | 'permanent'): void;
  webhooksDropped(count: number): void;
  attempted(replies: readonly AttemptReply[], where: 'local' | 'remote', durationMs: number): void;
}

export function queueMetrics(metrics: Metrics): QueueMetrics {
  const gauge = metrics.gauge('restante_queue_recipients', 'Recipients waiting in the queue');
  const attempts = metrics.counter('restante_queue_attempts_total', 'Attempts to deliver to a recipient, by result');
  const sessions = metrics.counter(
    'restante_queue_delivered_tls_total',
    'Recipients that another server took over, by what stood for its being the right one.',
  );
  const ends = metrics.counter(
    'restante_queue_ended_total',
    'Recipients that are out of the queue, by what became of them',
  );
  const requests = metrics.counter('restante_queue_webhook_requests_total', 'Requests of webhooks, by result');
  const dropped = metrics.counter('restante_queue_webhooks_dropped_total', 'Webhooks that there was no room for');
  const durations = metrics.histogram(
    'restante_queue_delivery_seconds',
    'Time of one attempt to deliver a message to one destination',
    [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800],
  );
  const counts: QueueMetrics = {
    queued: 0,
    ended(kinds) {
      counts.queued -= kinds.length;
      for (const end of kinds) ends.add(1, { end });
    },
    webhookRequested: (result) => requests.add(1, { result }),
    webhooksDropped: (count) => dropped.add(count),
    attempted(replies, where, durationMs) {
      for (const { code, tls } of replies) {
        if (code < 300 && tls !== undefined) sessions.add(1, { tls });
        attempts.add(1, { where, result: code < 300 ? 'accepted' : code < 500 ? 'temporary' : 'permanent' });
      }
      durations.observe(durationMs / 1000, { where });
    },
  };
  metrics.onCollect(() => gauge.set(counts.queued));
  return counts;
}
