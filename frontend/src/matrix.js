// Rows by columns within an array, without a copy of it; and the same made small for a picture.

export class Matrix {
  /** The number at row i and column j is data[start + i · down + j · right]. */
  constructor(data, rows, columns, { start = 0, down = columns, right = 1 } = {}) {
    Object.assign(this, { data, rows, columns, start, down, right });
  }

  get(row, column) {
    return this.data[this.start + row * this.down + column * this.right];
  }

  /** A quarter turn: what went down goes to the right, and what went to the right goes up. */
  turned() {
    const { data, rows, columns, start, down, right } = this;
    return new Matrix(data, columns, rows, { start: start + (columns - 1) * right, down: -right, right: down });
  }

  /** Every number less that of another matrix of the same shape. */
  less(other) {
    const data = new Float64Array(this.rows * this.columns);
    for (let i = 0, at = 0; i < this.rows; i++)
      for (let j = 0; j < this.columns; j++) data[at++] = this.get(i, j) - other.get(i, j);
    return new Matrix(data, this.rows, this.columns);
  }

  /** n × m numbers, row by row, each the one of the greatest size among those that lie under it. It's kept. */
  reduced(n, m) {
    const { data, rows, columns, start, down, right } = this;
    const key = [n, m, rows, columns, start, down, right].join();
    if (!kept.has(data)) kept.set(data, new Map());
    const known = kept.get(data);
    if (!known.has(key)) {
      if (known.size === KEPT) known.delete(known.keys().next().value);
      known.set(key, this.reduce(n, m));
    }
    return known.get(key);
  }

  reduce(n, m) {
    const { data, rows, columns, start, down, right } = this;
    const found = new Float64Array(n * m);
    const edges = (parts, whole) => Array.from({ length: parts + 1 }, (_, k) => Math.floor((k * whole) / parts));
    const [tops, lefts] = [edges(n, rows), edges(m, columns)];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        let best = data[start + tops[i] * down + lefts[j] * right];
        for (let row = tops[i]; row < tops[i + 1] && best === best; row++) {
          const end = start + row * down + lefts[j + 1] * right;
          for (let at = start + row * down + lefts[j] * right; at !== end; at += right) {
            const x = data[at];
            if (x !== x) {
              best = x; // not a number: it is to be seen
              break;
            }
            if (Math.abs(x) > Math.abs(best)) best = x;
          }
        }
        found[i * m + j] = best;
      }
    }
    return found;
  }
}

const KEPT = 6; // pictures of one array
const kept = new WeakMap(); // data → what it was made small to
