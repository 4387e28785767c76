import { NumberList } from './number-list.ts';

const none = -1;

/**
 * Trees of nodes that are linked and cut one by one, and that know their roots: in logarithmic time, however deep they are, so that no
 * chain of answers that somebody sends takes quadratic time. Each path that was used last is a splay tree, by depth (Sleator and Tarjan's
 * link-cut trees).
 */
export class Forest {
  /** Of each node; -1 of a root. */
  readonly parent = new NumberList();
  readonly #up = new NumberList();
  readonly #left = new NumberList();
  readonly #right = new NumberList();

  get size(): number {
    return this.parent.length;
  }

  /** @returns the new node, a tree of its own */
  add(): number {
    for (const list of [this.parent, this.#up, this.#left, this.#right]) list.push(none);
    return this.size - 1;
  }

  /**
   * Makes a root the child of a node of another tree.
   * @returns false when that would make a circle, which leaves all as it was
   */
  link(child: number, parent: number): boolean {
    if (this.#root(parent) === child) return false;
    this.#expose(child);
    this.#up.set(child, parent);
    this.parent.set(child, parent);
    return true;
  }

  /** Makes a node a root. */
  cut(child: number): void {
    if (this.parent.at(child) === none) return;
    this.#expose(child);
    this.#up.set(this.#left.at(child), none);
    this.#left.set(child, none);
    this.parent.set(child, none);
  }

  #root(node: number): number {
    this.#expose(node);
    let root = node;
    while (this.#left.at(root) !== none) root = this.#left.at(root);
    this.#splay(root);
    return root;
  }

  /** Makes the path from the root to a node one splay tree, the node on top. */
  #expose(node: number): void {
    let below = none;
    for (let top = node; top !== none; top = this.#up.at(top)) {
      this.#splay(top);
      this.#right.set(top, below);
      below = top;
    }
    this.#splay(node);
  }

  #isTop(node: number): boolean {
    const up = this.#up.at(node);
    return up === none || (this.#left.at(up) !== node && this.#right.at(up) !== node);
  }

  #splay(node: number): void {
    while (!this.#isTop(node)) {
      const up = this.#up.at(node);
      if (!this.#isTop(up)) {
        const straight = (this.#left.at(up) === node) === (this.#left.at(this.#up.at(up)) === up);
        this.#rotate(straight ? up : node);
      }
      this.#rotate(node);
    }
  }

  #rotate(node: number): void {
    const up = this.#up.at(node);
    const above = this.#up.at(up);
    const [near, far] = this.#left.at(up) === node ? [this.#left, this.#right] : [this.#right, this.#left];
    if (!this.#isTop(up)) (this.#left.at(above) === up ? this.#left : this.#right).set(above, node);
    const moved = far.at(node);
    near.set(up, moved);
    if (moved !== none) this.#up.set(moved, up);
    far.set(node, up);
    this.#up.set(up, node);
    this.#up.set(node, above);
  }
}
