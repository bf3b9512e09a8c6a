// Python's source told apart into comments, texts, keywords and numbers, for reading.

const TOKEN =
  /(?<comment>#[^\n]*)|(?<text>[rbfRBF]{0,2}(?:"""[\s\S]*?(?:"""|$(?![\s\S]))|'''[\s\S]*?(?:'''|$(?![\s\S]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(?<keyword>\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|if|import|in|is|lambda|None|nonlocal|not|or|pass|raise|return|True|try|while|with|yield)\b)|(?<number>\b\d[\w.]*)|(?<decorator>^[ \t]*@[\w.]+)/gm;

/** Lines, each a list of {kind, text}; kind is "" for what is none of these. */
export function pythonLines(source) {
  const lines = [[]];
  const push = (text, kind) => {
    text.split("\n").forEach((part, i) => {
      if (i) lines.push([]);
      if (part) lines.at(-1).push({ kind, text: part });
    });
  };
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    push(source.slice(end, match.index), "");
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    push(match[0], kind);
    end = match.index + match[0].length;
  }
  push(source.slice(end), "");
  return lines;
}

/** An operation's source in two: what stands before `def`, its adjoints, and the function itself. */
export function splitRule(source) {
  const lines = source.split("\n");
  const at = lines.findIndex((line) => /^def /.test(line));
  return at > 0
    ? { adjoints: lines.slice(0, at).join("\n"), forward: lines.slice(at).join("\n") }
    : { adjoints: "", forward: source };
}

/** The lines [first, last] that say `name=...` among the arguments of a decorator; null where none does. */
export function argumentLines(source, name) {
  const lines = source.split("\n");
  const says = new RegExp(`(^|[\\s(,])${name.replace(/[^\w]/g, "")}=`);
  const first = lines.findIndex((line) => says.test(line));
  if (first < 0) return null;
  const depth = (line) => line.search(/\S/);
  let last = first;
  while (last + 1 < lines.length && depth(lines[last + 1]) > depth(lines[first])) last++;
  return [first, last];
}

/** The lines [first, last] of a function's body, without its head and docstring. */
export function bodyLines(source) {
  const lines = source.split("\n");
  let first = lines.findIndex((line) => /:\s*(#.*)?$/.test(line)) + 1;
  if (/^\s*[rR]?"""/.test(lines[first] ?? "")) {
    const closed = (line) => (line.match(/"""/g) ?? []).length;
    if (closed(lines[first]) < 2)
      do first++;
      while (first < lines.length && !closed(lines[first]));
    first++;
  }
  return first < lines.length ? [first, lines.length - 1] : [0, lines.length - 1];
}
