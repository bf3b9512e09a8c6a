/** Its place, until it stands. */
export function ledger() {
  return false;
}
