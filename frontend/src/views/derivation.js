/** Its place, until it stands. */
export function derivation() {
  return false;
}
