// JSON as short pieces of text, for objects too long to be written at once.

/** Pieces of an object, of its members' names and the pieces of their values. */
export function* objectPieces(members: Iterable<readonly [string, Iterable<string>]>): Generator<string> {
  let before = '{';
  for (const [name, value] of members) {
    yield `${before}${JSON.stringify(name)}:`;
    yield* value;
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

/** Pieces of an object that is short but for one more member. `own` has at least one member itself. */
export function* extendedPieces(
  own: object,
  [name, value]: readonly [string, Iterable<string>],
): Generator<string> {
  yield `${JSON.stringify(own).slice(0, -1)},${JSON.stringify(name)}:`;
  yield* value;
  yield '}';
}

/** Pieces of an array, of the pieces of its elements. */
export function* listPieces(elements: Iterable<Iterable<string>>): Generator<string> {
  let before = '[';
  for (const element of elements) {
    yield before;
    yield* element;
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}

/** Elements that are written as one piece. */
const elementsPerPiece = 100;

/** Pieces of an array of any number of short elements. */
export function* arrayPieces<T>(elements: readonly T[], toJson: (element: T) => unknown): Generator<string> {
  let before = '[';
  for (let at = 0; at < elements.length; at += elementsPerPiece) {
    const texts = elements.slice(at, at + elementsPerPiece).map((element) => JSON.stringify(toJson(element)));
    yield `${before}${texts.join(',')}`;
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}
