/** The seed and the number of rounds of a fuzz test: `RESTANTE_FUZZ_SEED` and `RESTANTE_FUZZ_ROUNDS`. */
export function fuzzSettings(defaultRounds: number): { seed: number; rounds: number } {
  const seed = Number(process.env.RESTANTE_FUZZ_SEED ?? Math.floor(Math.random() * 0x1_0000_0000));
  const rounds = Number(process.env.RESTANTE_FUZZ_ROUNDS ?? defaultRounds);
  process.stderr.write(`fuzz: RESTANTE_FUZZ_SEED=${seed} RESTANTE_FUZZ_ROUNDS=${rounds}\n`);
  return { seed, rounds };
}
