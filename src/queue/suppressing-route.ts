import type { DeliveryJob, DeliveryResult, DeliveryRoute } from './delivery-route.ts';
import type { Suppression, Suppressions } from './suppressions.ts';

/** A way on which nothing goes to addresses that the sending account suppresses: such recipients come first, by themselves. */
export class SuppressingRoute implements DeliveryRoute {
  readonly #suppressions: Pick<Suppressions, 'among'>;
  readonly #route: DeliveryRoute;

  constructor(suppressions: Pick<Suppressions, 'among'>, route: DeliveryRoute) {
    this.#suppressions = suppressions;
    this.#route = route;
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<DeliveryResult> {
    const { account, is_dsn } = job.message;
    if (account === null || is_dsn === 1) return await this.#route.deliver(job, signal);
    const addresses = job.recipients.map(({ address }) => address);
    const suppressed = await this.#suppressions.among(account, addresses);
    if (suppressed.size === 0) return await this.#route.deliver(job, signal);
    const wanted = job.recipients.filter(({ address }) => !suppressed.has(address));
    const result = wanted.length === 0 ? undefined : await this.#route.deliver({ ...job, recipients: wanted }, signal);
    const replies = result?.replies.values();
    return {
      accepted: 'relayed',
      ...result,
      replies: addresses.map((address) => {
        const found = suppressed.get(address);
        return found === undefined ? replies!.next().value! : refusalOf(found);
      }),
      untried: job.recipients.map(({ address }) => (suppressed.has(address) ? 'suppressed' : undefined)),
    };
  }

  async close(): Promise<void> {
    await this.#route.close();
  }
}

/** RFC 3463 §3.8: X.7.1 delivery not authorized. */
function refusalOf({ account, address, byHand, reason, addedAt }: Suppression) {
  const when = new Date(addedAt).toISOString().slice(0, 10);
  const why = byHand ? `put on the list by hand` : `mail to it has failed`;
  const detail = reason === '' ? '' : `: ${reason}`;
  const text =
    `Not tried: your account suppresses this address since ${when}, ${why}${detail}. ` +
    `To write to it again: restante queue suppress remove ${account} ${address}`;
  return { code: 550, enhanced: '5.7.1', text };
}
