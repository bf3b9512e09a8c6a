/** Its place, until it stands. */
export function diagnoses() {
  return false;
}
