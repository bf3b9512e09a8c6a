/** Its place, until it stands. */
export function contrast() {
  return false;
}
