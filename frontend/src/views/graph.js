/** Its place, until it stands. */
export function graph() {
  return false;
}
