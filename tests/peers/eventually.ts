/**
 * Asks again until there is an answer: what other processes do takes its time.
 * @param ask answers undefined, or throws, as long as it isn't so
 * @throws the last error, or that there was no answer, after the deadline
 */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined>,
  timeoutMs = 60_000,
): Promise<Answer> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    let error: unknown;
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (caught) {
      error = caught;
    }
    if (Date.now() > end) throw new Error(`After ${timeoutMs} ms still not: ${what}`, { cause: error });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
