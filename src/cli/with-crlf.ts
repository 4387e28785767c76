/** Files of mail programs have lines that end with LF alone; what was sent, signed and stored ends with CRLF. */
export async function* withCrlf(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let afterCr = false;
  for await (const chunk of input) {
    const text = chunk.toString('latin1').replaceAll(/(\r?)\n/g, (line, cr, at) => {
      return cr === '' && !(at === 0 && afterCr) ? '\r\n' : line;
    });
    afterCr = chunk.at(-1) === 13;
    yield Buffer.from(text, 'latin1');
  }
}
