/** UIDs read in one step: some milliseconds. */
export const uidsAtOnce = 20_000;

/** @param text decimal numbers with commas @param numbers has room for all */
export function parseNumbers<Numbers extends Uint32Array | Float64Array>(text: string, numbers: Numbers): Numbers {
  let index = 0;
  let number = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 44) {
      numbers[index++] = number;
      number = 0;
    } else number = number * 10 + code - 48;
  }
  if (index < numbers.length) numbers[index] = number;
  return numbers;
}

export function joinNumbers(parts: readonly Uint32Array[]): Uint32Array {
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
