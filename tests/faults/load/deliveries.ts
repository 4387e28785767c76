/** What has been delivered to one account's Inbox by SMTP or through the queue. */
export class Deliveries {
  /** Acknowledged, or seen there: it must be there, once, unless it was taken out. */
  readonly certain = new Set<string>();
  /** Under way: it may be there or not. */
  readonly possible = new Set<string>();

  begin(key: string): void {
    this.possible.add(key);
  }

  confirm(key: string): void {
    this.possible.delete(key);
    this.certain.add(key);
  }
}
