/** The message on standard input, with CRLF at line ends: files of mail programs have LF alone, what was signed has CRLF. */
export async function* messageInput(): AsyncGenerator<Buffer> {
  let afterCr = false;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    const text = chunk.toString('latin1').replaceAll(/(\r?)\n/g, (line, cr, at) => {
      return cr === '' && !(at === 0 && afterCr) ? '\r\n' : line;
    });
    afterCr = chunk.at(-1) === 13;
    yield Buffer.from(text, 'latin1');
  }
}
