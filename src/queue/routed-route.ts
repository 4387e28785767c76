import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import { type MailRoute, type RouteFor, routedMail, routeKey } from './mail-route.ts';

type Way = Exclude<MailRoute, { kind: 'fail' }>;

/** To one domain elsewhere, each message by the route that is chosen for it. Sessions are kept for each route that is in use. */
export class RoutedRoute implements DeliveryRoute {
  readonly #routeFor: RouteFor;
  readonly #open: (way: Way) => DeliveryRoute;
  readonly #routes = new Map<string, DeliveryRoute>();

  /** @param open makes the way to the domain itself, or to a relay */
  constructor(routeFor: RouteFor, open: (way: Way) => DeliveryRoute) {
    this.#routeFor = routeFor;
    this.#open = open;
  }

  /** @param job with recipients of one route only, see {@link withOneRoute} */
  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult> {
    const chosen = this.#routeFor(routedMail(job.message, job.recipients[0]));
    if (chosen.kind === 'fail') {
      return { replies: job.recipients.map(() => chosen.reply), accepted: 'relayed' };
    }
    const result = await this.#routeOf(chosen).deliver(job, signal);
    return chosen.kind === 'relay' ? { ...result, transport: chosen.name } : result;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#routes.values()].map((route) => route.close()));
  }

  #routeOf(chosen: Way): DeliveryRoute {
    const key = routeKey(chosen);
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = this.#open(chosen);
      this.#routes.set(key, route);
    }
    return route;
  }
}

/** The part of a job that goes the way of its first recipient: what goes another way is another transaction, soon after. */
export function withOneRoute(job: DeliveryJob, routeFor: RouteFor): DeliveryJob {
  const [first, ...others] = job.recipients;
  // With as many attempts, the same message to the same domain goes the same way.
  if (others.every(({ attempts }) => attempts === first.attempts)) return job;
  const key = routeKey(routeFor(routedMail(job.message, first)));
  const recipients = job.recipients.filter((row) => routeKey(routeFor(routedMail(job.message, row))) === key);
  return recipients.length === job.recipients.length ? job : { ...job, recipients };
}
