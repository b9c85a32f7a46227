// The strongly connected components of a graph: which nodes lead to each other. Tarjan's algorithm, without recursion.

interface Entered {
  readonly node: string;
  /** When it was entered. */
  readonly order: number;
  /** The first entered of those that it is known to lead back to. */
  low: number;
}

/** Finds components as they are asked for; each node and edge is looked at once, for as long as the graph stays. */
export class Components {
  readonly #next: (node: string) => Iterable<string>;
  readonly #entered = new Map<string, Entered>();
  /** Entered, in order, and not yet in a component. */
  readonly #open: Entered[] = [];
  readonly #componentOf = new Map<string, number>();
  #components = 0;

  /** @param next where a node leads. */
  constructor(next: (node: string) => Iterable<string>) {
    this.#next = next;
  }

  /** Whether two nodes lead to each other. */
  isSame(a: string, b: string): boolean {
    return this.#of(a) === this.#of(b);
  }

  #of(node: string): number | undefined {
    if (!this.#componentOf.has(node)) this.#explore(node);
    return this.#componentOf.get(node);
  }

  #explore(start: string): void {
    const path = [this.#enter(start)];
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const { entered, edges } = last;
      const edge = edges.next();
      if (edge.done === true) {
        path.pop();
        const before = path.at(-1)?.entered;
        if (before !== undefined) before.low = Math.min(before.low, entered.low);
        if (entered.low === entered.order) this.#close(entered);
        continue;
      }
      const known = this.#entered.get(edge.value);
      if (known === undefined) path.push(this.#enter(edge.value));
      else if (!this.#componentOf.has(edge.value)) entered.low = Math.min(entered.low, known.order);
    }
  }

  #enter(node: string): { readonly entered: Entered; readonly edges: Iterator<string> } {
    const order = this.#entered.size;
    const entered = { node, order, low: order };
    this.#entered.set(node, entered);
    this.#open.push(entered);
    return { entered, edges: this.#next(node)[Symbol.iterator]() };
  }

  /** What was entered since is one component with it. */
  #close({ order }: Entered): void {
    const component = this.#components++;
    for (let last = this.#open.at(-1); last !== undefined && last.order >= order; last = this.#open.at(-1)) {
      this.#componentOf.set(last.node, component);
      this.#open.pop();
    }
  }
}
