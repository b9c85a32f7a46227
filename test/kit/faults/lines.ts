// Lines of a stream. (Node's own reader takes more characters than a line feed for the end of a line.)

/** The lines of a stream of bytes, without their line feeds; a last one without is none. */
export async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  let pieces: Buffer[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      yield Buffer.concat([...pieces, chunk.subarray(start, end)]).toString();
      pieces = [];
      start = end + 1;
    }
    pieces.push(chunk.subarray(start));
  }
}
