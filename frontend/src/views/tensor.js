/** Its place, until it stands. */
export function tensor() {
  return false;
}
