import type { DeliveryRoute } from './delivery-route.ts';
import { LocalRoute } from './local-route.ts';
import type { RouteFor } from './mail-route.ts';
import { OtherFamilyRoute } from './other-family-route.ts';
import type { QueueOptions } from './queue-options.ts';
import { remoteOptions } from './remote-options.ts';
import { RemoteRoute } from './remote-route.ts';
import { RoutedRoute } from './routed-route.ts';
import { SuppressingRoute } from './suppressing-route.ts';
import type { Suppressions } from './suppressions.ts';

const direct: RouteFor = () => ({ kind: 'direct' });

/** How mail goes from the queue to a domain. */
export class DeliveryRoutes {
  readonly #options: QueueOptions;
  readonly #suppressions: Suppressions;
  readonly #pathOf: (messageId: number) => string;

  /** @param pathOf a message's file */
  constructor(options: QueueOptions, suppressions: Suppressions, pathOf: (messageId: number) => string) {
    this.#options = options;
    this.#suppressions = suppressions;
    this.#pathOf = pathOf;
  }

  get routeFor(): RouteFor {
    return this.#options.routeFor ?? direct;
  }

  isLocal(domain: string): boolean {
    return this.#options.loopback === true || this.#options.isLocalDomain(domain);
  }

  to(domain: string): DeliveryRoute {
    return new SuppressingRoute(this.#suppressions, this.#wayTo(domain));
  }

  #wayTo(domain: string): DeliveryRoute {
    const pathOf = this.#pathOf;
    if (this.isLocal(domain)) return new LocalRoute(this.#options.deliverLocally, pathOf);
    return new RoutedRoute(this.routeFor, (way) => {
      const remote = remoteOptions(this.#options, way, pathOf);
      if (way.kind === 'relay' || way.family !== undefined || way.proxy !== undefined) {
        return new RemoteRoute(remote, domain);
      }
      return new OtherFamilyRoute((watch, family) => {
        const { connect, resolver } =
          family === undefined ? remote : remoteOptions(this.#options, { ...way, family }, pathOf);
        return new RemoteRoute({ ...remote, resolver, connect: watch(connect) }, domain);
      });
    });
  }
}
