import { crc32, deflateRawSync } from 'node:zlib';

/** A zip file for tests. @param options.entries says another number of entries in the directory than there are */
export function makeZip(
  files: readonly { name: string; content: Uint8Array; method?: number; flags?: number }[],
  options: { entries?: number; comment?: string } = {},
): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, content, method = 8, flags = 0 } of files) {
    const data = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const nameBytes = Buffer.from(name);
    const sizes = Buffer.alloc(16);
    sizes.writeUInt32LE(crc32(content), 0);
    sizes.writeUInt32LE(data.length, 4);
    sizes.writeUInt32LE(content.length, 8);
    sizes.writeUInt16LE(nameBytes.length, 12);
    const head = (version: readonly number[]): Buffer => {
      const buffer = Buffer.alloc(version.length * 2 + 8);
      for (const [at, value] of version.entries()) buffer.writeUInt16LE(value, at * 2);
      buffer.writeUInt16LE(flags, version.length * 2);
      buffer.writeUInt16LE(method, version.length * 2 + 2);
      return buffer;
    };
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    const local = [Buffer.from('PK\x03\x04'), head([20]), sizes, nameBytes, data];
    locals.push(...local);
    centrals.push(Buffer.from('PK\x01\x02'), head([20, 20]), sizes, tail, nameBytes);
    offset += local.reduce((sum, piece) => sum + piece.length, 0);
  }
  const directory = Buffer.concat(centrals);
  const comment = Buffer.from(options.comment ?? '');
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(options.entries ?? files.length, 8);
  end.writeUInt16LE(options.entries ?? files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, directory, end, comment]);
}
