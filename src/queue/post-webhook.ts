import { limits } from '../runtime/limits.ts';

export interface WebhookRequest {
  readonly url: string;
  /** Value of the Authorization field. */
  readonly authorization: string | undefined;
  readonly id: number;
  /** From 1. */
  readonly attempt: number;
  readonly payload: string;
}

/** `permanent`: the same request would get the same answer. */
export type WebhookResult =
  | { readonly kind: 'delivered'; readonly status: number }
  | { readonly kind: 'temporary' | 'permanent'; readonly status: number | null; readonly error: string };

/** RFC 9110 §15.5: what is wrong with the request, or that nobody wants it any more. */
const permanentStatuses: ReadonlySet<number> = new Set([400, 410, 413, 415, 422]);

/**
 * Makes the request of one webhook. Redirects are not followed, and what the answer says beside its status isn't read: so nothing that was
 * sent can come back to where it is shown. Never throws but for the signal.
 */
export async function postWebhook(request: WebhookRequest, signal: AbortSignal): Promise<WebhookResult> {
  const { url, authorization, id, attempt, payload } = request;
  try {
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'Restante',
        'X-Restante-Webhook-Id': String(id),
        'X-Restante-Webhook-Attempt': String(attempt),
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      body: payload,
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.webhookTimeoutMs)]),
    });
    await answer.body?.cancel();
    const { status } = answer;
    if (status >= 200 && status < 300) return { kind: 'delivered', status };
    const error = status >= 300 && status < 400 ? 'redirects are not followed' : `status ${status}`;
    return { kind: permanentStatuses.has(status) ? 'permanent' : 'temporary', status, error };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'temporary', status: null, error: reasonOf(error) };
  }
}

/** Without what might hold the URL or a header. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  if (error.name === 'TimeoutError') return `no answer within ${limits.webhookTimeoutMs} ms`;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'no answer';
}
