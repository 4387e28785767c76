const none = -1;

/**
 * Trees of nodes that are linked and cut one by one, and that know their roots: in logarithmic time, however deep they are, so that no
 * chain of answers that somebody sends takes quadratic time. Each path that was used last is a splay tree, by depth (Sleator and Tarjan's
 * link-cut trees).
 */
export class Forest {
  readonly size: number;
  /** Of each node; -1 of a root. */
  readonly #parent: Int32Array;
  readonly #up: Int32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;
  /** Whether something was ever linked to a node. */
  readonly #isParent: Uint8Array;

  /** @param size how many nodes there are, each a tree of its own */
  constructor(size: number) {
    this.size = size;
    const column = (): Int32Array => new Int32Array(size).fill(none);
    this.#parent = column();
    this.#up = column();
    this.#left = column();
    this.#right = column();
    this.#isParent = new Uint8Array(size);
  }

  /** @returns -1 for a root */
  parent(node: number): number {
    return this.#parent[node]!;
  }

  /**
   * Makes a root the child of a node of another tree.
   * @returns false when that would make a circle, which leaves all as it was
   */
  link(child: number, parent: number): boolean {
    // What has nothing below it, as most messages when they come, makes no circle.
    if (child === parent || (this.#isParent[child] === 1 && this.#root(parent) === child)) return false;
    this.#expose(child);
    this.#up[child] = parent;
    this.#parent[child] = parent;
    this.#isParent[parent] = 1;
    return true;
  }

  /** Makes a node a root. */
  cut(child: number): void {
    if (this.#parent[child] === none) return;
    this.#expose(child);
    this.#up[this.#left[child]!] = none;
    this.#left[child] = none;
    this.#parent[child] = none;
  }

  #root(node: number): number {
    this.#expose(node);
    let root = node;
    while (this.#left[root] !== none) root = this.#left[root]!;
    this.#splay(root);
    return root;
  }

  /** Makes the path from the root to a node one splay tree, the node on top. */
  #expose(node: number): void {
    let below = none;
    for (let top = node; top !== none; top = this.#up[top]!) {
      this.#splay(top);
      this.#right[top] = below;
      below = top;
    }
    this.#splay(node);
  }

  #isTop(node: number): boolean {
    const up = this.#up[node]!;
    return up === none || (this.#left[up] !== node && this.#right[up] !== node);
  }

  #splay(node: number): void {
    while (!this.#isTop(node)) {
      const up = this.#up[node]!;
      if (!this.#isTop(up)) {
        const straight = (this.#left[up] === node) === (this.#left[this.#up[up]!] === up);
        this.#rotate(straight ? up : node);
      }
      this.#rotate(node);
    }
  }

  #rotate(node: number): void {
    const up = this.#up[node]!;
    const above = this.#up[up]!;
    const [near, far] = this.#left[up] === node ? [this.#left, this.#right] : [this.#right, this.#left];
    if (!this.#isTop(up)) (this.#left[above] === up ? this.#left : this.#right)[above] = node;
    const moved = far[node]!;
    near[up] = moved;
    if (moved !== none) this.#up[moved] = up;
    far[node] = up;
    this.#up[up] = node;
    this.#up[node] = above;
  }
}
