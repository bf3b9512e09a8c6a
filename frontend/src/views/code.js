/** Its place, until it stands. */
export function code() {
  return false;
}
