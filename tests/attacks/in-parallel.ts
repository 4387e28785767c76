/** Runs a function for each number below `count`, some of them side by side. @throws the first error, after all have ended */
export async function inParallel(count: number, atOnce: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (next < count && failures.length === 0) {
      const index = next++;
      try {
        await run(index);
      } catch (error) {
        failures.push(new Error(`Run ${index} failed: ${error}`, { cause: error }));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length > 0) throw failures[0];
}
