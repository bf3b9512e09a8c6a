/** One entry for each of these names: {names: word} or [names], by what `tell` makes of the word. */
export function each(words, tell, input = "") {
  const entries = Array.isArray(words) ? words.map((name) => [name, name]) : Object.entries(words);
  return Object.fromEntries(entries.map(([name, word]) => [`${name}${input}`, tell(word)]));
}
