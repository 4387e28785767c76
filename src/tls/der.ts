// The few DER encodings that a certificate needs: ITU-T X.690 §8 and §10.

/** @param tag identifier octet */
export function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), encodeLength(content.length), content]);
}

export function derSequence(...contents: Uint8Array[]): Buffer {
  return der(0x30, ...contents);
}

/** @param bytes of a number that isn't negative, big end first */
export function derInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const value = bytes.subarray(start);
  return der(0x02, value[0]! >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0), value);
}

export function derBitString(bytes: Uint8Array): Buffer {
  return der(0x03, Buffer.from([0]), bytes);
}

export function derOctetString(bytes: Uint8Array): Buffer {
  return der(0x04, bytes);
}

/** @param dotted such as `2.5.4.3` */
export function derObjectIdentifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]];
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

export function derUtf8String(text: string): Buffer {
  return der(0x0c, Buffer.from(text));
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, then GeneralizedTime; whole seconds. */
export function derTime(time: Date): Buffer {
  const digits = `${time.toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`;
  return time.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}
