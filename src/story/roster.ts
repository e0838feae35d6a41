import type { Who } from "./pod.ts";
import { Rows } from "./rows.ts";
import { Names, Texts } from "./texts.ts";

/** Who the pods are that findings of several pods may name: each by its number. */
export class Roster {
  /** Container ID, namespace and name; NaN stands for no name. */
  readonly #rows = new Rows(3);
  readonly #texts = new Texts();
  readonly #namespaces = new Names();
  #last: Who | null = null;

  /** The number of a pod. */
  add(who: Who): number {
    if (who === this.#last) return this.#rows.count - 1;
    this.#last = who;
    const { containerId, namespace, name } = who;
    return this.#rows.add([
      this.#texts.add(containerId),
      this.#namespaces.numberOf(namespace),
      name === null ? Number.NaN : this.#texts.add(name),
    ]);
  }

  get(pod: number): Who {
    const name = this.#rows.get(pod, 2);
    return {
      containerId: this.#texts.get(this.#rows.get(pod, 0)),
      namespace: this.#namespaces.nameOf(this.#rows.get(pod, 1)),
      name: Number.isNaN(name) ? null : this.#texts.get(name),
    };
  }
}
