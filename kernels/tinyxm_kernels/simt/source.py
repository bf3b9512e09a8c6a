"""Reads CUDA C: comments, directives and macros, then the words that CUDA and C++ add to C, then the parser of C.

What the parser gets is C with each token on its own line, and for each token the column it came from, so that whatever
is said later names the line and column of the file. The words of CUDA become words of C that nothing else uses here:

    __global__ → _Noreturn    __device__ → inline    __shared__ → _Thread_local    __constant__ → register

C++'s casts, `float(x)` and `static_cast<float>(x)`, become C's. All else of C++ is outside the subset: `SubsetError`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pycparser import c_ast, c_parser

from tinyxm_kernels.simt.types import BUILT_IN_TYPES

TOKEN = re.compile(
    r"(?P<space>[ \t\r\f\v]+)|(?P<newline>\n)|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<string>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)|(?P<mark><<<|>>>|::|->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)"
)
COMMENT = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
KNOWN_HEADERS = {
    "cuda_fp16.h", "cuda_runtime.h", "cuda_runtime_api.h", "cuda.h", "device_launch_parameters.h",
    "math.h", "cmath", "stdint.h", "cstdint", "stdio.h", "cstdio", "float.h", "cfloat", "math_constants.h", "limits.h",
}  # fmt: skip
CONSTANTS = {
    "INFINITY": "__int_as_float(0x7f800000)", "CUDART_INF_F": "__int_as_float(0x7f800000)",
    "NAN": "__int_as_float(0x7fffffff)", "M_PI": "3.14159265358979323846",
    "FLT_MAX": "3.402823466e+38f", "FLT_MIN": "1.175494351e-38f", "FLT_EPSILON": "1.192092896e-07f",
    "INT_MAX": "2147483647", "INT_MIN": "(-2147483647 - 1)", "UINT_MAX": "4294967295u",
    "true": "((bool)1)", "false": "((bool)0)", "nullptr": "0", "NULL": "0",
}  # fmt: skip
REPLACED = {
    "__global__": "_Noreturn", "__device__": "inline", "__shared__": "_Thread_local", "__constant__": "register",
    "__restrict__": "restrict", "__restrict": "restrict", "constexpr": "const", "wchar_t": "int",
    "__host__": "", "__forceinline__": "", "__noinline__": "", "inline": "", "static": "", "__inline__": "",
}  # fmt: skip
OUTSIDE = {
    "template": "write the kernel for one type, with a #define for what varies (and -D or defines= to set it)",
    "typename": "write the type itself",
    "class": "pass arrays and numbers",
    "struct": "pass its fields as arrays and numbers of their own",
    "union": "use __float_as_int and __int_as_float to read bits as another type",
    "enum": "use #define for each name",
    "namespace": "leave it out: a file is one program",
    "using": "use #define, or write the type itself",
    "auto": "write the type itself",
    "operator": "write a __device__ function with a name",
    "new": "use a local array of fixed size, float x[8], or __shared__ memory",
    "delete": "use a local array of fixed size, float x[8], or __shared__ memory",
    "goto": "use a loop, `break` or `return`",
    "switch": "use if ... else if ... else",
    "try": "leave it out: kernels have no exceptions",
    "throw": "leave it out: kernels have no exceptions",
    "asm": "use the function that CUDA C has for it, such as __shfl_down_sync",
    "__asm__": "use the function that CUDA C has for it, such as __shfl_down_sync",
    "const_cast": "take the pointer without const",
    "dynamic_cast": "use a cast as in (float)x",
    "decltype": "write the type itself",
    "sizeof...": "write the number itself",
    "texture": "read through a pointer",
    "__managed__": "pass the array as an argument",
    "::": "use the plain name, such as fmaxf or __syncthreads(): std:: and cooperative_groups:: aren't known here",
    "<<<": "launch from Python: program.launch(name, grid, block, arguments)",
}
TYPE_WORDS = {"float", "double", "int", "char", "short", "long", "unsigned", "bool", "signed"} | BUILT_IN_TYPES


class SubsetError(ValueError):
    """CUDA C that isn't in the subset; `line` and `column` count from 1."""

    def __init__(self, file: str, line: int, column: int, construct: str, instead: str = "") -> None:
        super().__init__(f"{file}:{line}:{column}: {construct}" + (f"; {instead}" if instead else ""))
        self.file, self.line, self.column, self.construct, self.instead = file, line, column, construct, instead


class Token(NamedTuple):
    kind: str
    text: str
    line: int
    column: int


@dataclass(frozen=True)
class Macro:
    body: tuple[Token, ...]
    parameters: tuple[str, ...] | None = None  # None: it takes no parentheses


class Source:
    """A file of CUDA C, parsed: `tree` is pycparser's; `where` gives a node's line and column in the file."""

    def __init__(self, text: str, file: str, defines: Mapping[str, object]) -> None:
        self.file, self.lines = file, text.splitlines()
        self.columns: dict[int, list[tuple[int, int]]] = {}  # line -> (column given to the parser, column in the file)
        tokens = self._words_of_cuda(self._preprocess(_without_comments(text), defines))
        self.tree = self._parse(self._laid_out(tokens))

    def where(self, node: c_ast.Node) -> tuple[int, int]:
        coordinate = node.coord
        return self._position(coordinate.line, coordinate.column or 1) if coordinate else (1, 1)

    def error(self, node: c_ast.Node | tuple[int, int], construct: str, instead: str = "") -> SubsetError:
        line, column = node if isinstance(node, tuple) else self.where(node)
        return SubsetError(self.file, line, column, construct, instead)

    def _position(self, line: int, column: int) -> tuple[int, int]:
        earlier = [came_from for given, came_from in self.columns.get(line, ()) if given <= column]
        return line, earlier[-1] if earlier else column

    def _preprocess(self, text: str, defines: Mapping[str, object]) -> list[Token]:
        """Directives obeyed and macros replaced; a token from a macro stands where the macro's name stood."""
        macros = {name: Macro(tuple(_tokens(body, 0))) for name, body in CONSTANTS.items()}
        given = {name: Macro(tuple(_tokens(_literal(value), 0))) for name, value in defines.items()}
        macros |= given
        kept: list[Token] = []
        taking: list[list[bool]] = []  # per open #if: is this branch taken, was any before it
        lines = text.split("\n")
        number = 0
        while number < len(lines):
            line, start = lines[number], number + 1
            number += 1
            if not line.lstrip().startswith("#"):
                if all(branch[0] for branch in taking):
                    kept += _tokens(line, start)
                continue
            while line.endswith("\\") and number < len(lines):
                line = line[:-1] + " " + lines[number]
                number += 1
            self._directive(line, start, macros, given, taking)
        if taking:
            raise self.error((len(lines), 1), "an #if without its #endif")
        return list(self._expand(kept, macros, frozenset()))

    def _directive(
        self, line: str, number: int, macros: dict[str, Macro], given: Mapping[str, Macro], taking: list[list[bool]]
    ) -> None:
        column = line.index("#") + 1
        at = (number, column)
        match = re.match(r"\s*#\s*(\w*)\s*(.*)", line)
        word, rest = (match[1], match[2].strip()) if match else ("", "")
        live = all(branch[0] for branch in taking)
        if word in ("ifdef", "ifndef"):
            yes = live and (rest in macros) == (word == "ifdef")
            taking.append([yes, yes or not live])
        elif word == "if":
            yes = live and self._condition(rest, at, macros)
            taking.append([yes, yes or not live])
        elif word in ("elif", "else", "endif"):
            if not taking:
                raise self.error(at, f"#{word} without an #if")
            if word == "endif":
                taking.pop()
                return
            branch = taking[-1]
            branch[0] = not branch[1] and (word == "else" or self._condition(rest, at, macros))
            branch[1] = branch[1] or branch[0]
        elif not live or word in ("pragma", ""):
            return
        elif word == "define":
            self._define(rest, at, macros, given)
        elif word == "undef":
            macros.pop(rest, None)
        elif word == "include":
            header = rest.strip('<>"')
            if header not in KNOWN_HEADERS:
                raise self.error(
                    at, f"#include of {header}", "put what is needed of it into this file: none is read from others"
                )
        elif word == "error":
            raise self.error(at, f"#error {rest}")
        else:
            raise self.error(at, f"the directive #{word}", "the subset has #define, #undef, #if, #ifdef, #include")

    def _define(self, rest: str, at: tuple[int, int], macros: dict[str, Macro], given: Mapping[str, Macro]) -> None:
        match = re.match(r"([A-Za-z_]\w*)(\(([^)]*)\))?(.*)", rest)
        if not match:
            raise self.error(at, f"#define {rest}", "give it a name")
        if match[1] in given:
            raise self.error(
                at,
                f"#define {match[1]}, which the caller defines, too",
                f"put it between #ifndef {match[1]} and #endif",
            )
        body = tuple(_tokens(match[4].strip(), at[0]))
        if any(token.text == "##" or token.text == "#" for token in body):
            raise self.error(at, "a macro with # or ##", "write the names out")
        parameters = tuple(name.strip() for name in match[3].split(",") if name.strip()) if match[2] else None
        macros[match[1]] = Macro(body, parameters)

    def _condition(self, text: str, at: tuple[int, int], macros: Mapping[str, Macro]) -> bool:
        """The value of an #if."""
        text = re.sub(r"\bdefined\s*\(?\s*(\w+)\s*\)?", lambda m: "1" if m[1] in macros else "0", text)
        expanded = self._expand(_tokens(text, at[0]), macros, frozenset())
        words = ["0" if token.kind == "word" else token.text for token in expanded]
        python = {"&&": " and ", "||": " or ", "!": " not ", "/": "//"}
        code = "".join(python.get(word, re.sub(r"(?i)(?<=\d)[ul]+$", "", word)) for word in words)
        try:
            tree = ast.parse(code.strip(), mode="eval")
            if any(isinstance(node, ast.Call | ast.Attribute | ast.Name) for node in ast.walk(tree)):
                raise SyntaxError
            return bool(eval(compile(tree, "#if", "eval"), {"__builtins__": {}}))
        except (SyntaxError, ZeroDivisionError, TypeError):
            raise self.error(at, f"#if {text.strip()}", "use integers, defined(NAME) and operators") from None

    def _expand(self, tokens: list[Token], macros: Mapping[str, Macro], hidden: frozenset[str]) -> Iterator[Token]:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            index += 1
            macro = macros.get(token.text) if token.kind == "word" and token.text not in hidden else None
            if macro is None:
                yield token
                continue
            body = list(macro.body)
            if macro.parameters is not None:
                arguments, after = self._macro_arguments(tokens, index, token)
                if arguments is None:  # the name alone is no use of it
                    yield token
                    continue
                if len(arguments) != len(macro.parameters):
                    raise self.error(
                        (token.line, token.column),
                        f"{token.text} with {len(arguments)} arguments",
                        f"it is defined with {len(macro.parameters)}",
                    )
                index = after
                # An argument is expanded before it is put in, so that MAX(MAX(a, b), c) has two
                arguments = [list(self._expand(argument, macros, hidden)) for argument in arguments]
                values = dict(zip(macro.parameters, arguments, strict=True))
                body = [part for old in macro.body for part in values.get(old.text, [old])]
            body = [Token(part.kind, part.text, token.line, token.column) for part in body]
            yield from self._expand(body, macros, hidden | {token.text})

    def _macro_arguments(self, tokens: list[Token], index: int, name: Token) -> tuple[list[list[Token]] | None, int]:
        while index < len(tokens) and tokens[index].kind in ("space", "newline"):
            index += 1
        if index == len(tokens) or tokens[index].text != "(":
            return None, index
        depth, arguments = 0, [[]]  # type: tuple[int, list[list[Token]]]
        for position in range(index, len(tokens)):
            token = tokens[position]
            depth += (token.text in "([{") - (token.text in ")]}") if token.kind == "mark" else 0
            if depth == 0:
                return ([] if len(arguments) == 1 and not arguments[0] else arguments), position + 1
            if token.text == "," and depth == 1:
                arguments.append([])
            elif position > index:
                arguments[-1].append(token)
        raise self.error((name.line, name.column), f"{name.text}( without its )")

    def _words_of_cuda(self, tokens: list[Token]) -> list[Token]:
        """The words that CUDA and C++ add to C replaced by C's, or refused with what to write in their place."""
        tokens = [token for token in tokens if token.kind not in ("space", "newline")]
        out: list[Token] = []
        closing = 0  # braces of extern "C" { ... } that are left out, too
        types = set(TYPE_WORDS)
        depth = index = 0
        while index < len(tokens):
            token = tokens[index]
            texts = [later.text for later in tokens[index : index + 3]] + ["", ""]
            at = (token.line, token.column)
            index += 1
            if texts[:2] == ["extern", '"C"']:
                index += 1
                if texts[2] == "{":
                    index += 1
                    closing += 1
                continue
            if token.text == "{":
                depth += 1
            elif token.text == "}":
                if depth == 0 and closing:
                    closing -= 1
                    continue
                depth -= 1
            if token.text in OUTSIDE:
                raise self.error(at, f"`{token.text}` isn't in the subset", OUTSIDE[token.text])
            if token.text in ("__launch_bounds__", "__align__", "alignas"):
                index = self._closing(tokens, index, token) + 1
            elif token.text in ("static_cast", "reinterpret_cast") and texts[1] == "<":
                end = next((k for k in range(index, len(tokens)) if tokens[k].text == ">"), index)
                kind = tokens[index + 1 : end]
                index = self._converting(tokens, end + 1, token, kind, out)
            elif token.text in types and texts[1] == "(" and texts[2] != "*" and self._is_cast(out):
                index = self._converting(tokens, index, token, [token], out)
            elif token.text in TYPE_WORDS and texts[1] == "&":
                raise self.error(
                    at, f"a reference, {' '.join(texts[:3])}", "take a pointer, and give it the address by &"
                )
            elif token.text == "[" and texts[1] in ("&", "=", "]") and (not out or out[-1].text in ("=", "(", ",")):
                raise self.error(at, "a lambda isn't in the subset", "write a __device__ function")
            elif token.text in REPLACED:
                if REPLACED[token.text]:
                    out.append(token._replace(text=REPLACED[token.text]))
            elif token.text == "typedef":
                end = next((k for k in range(index, len(tokens)) if tokens[k].text == ";"), index)
                types.add(tokens[end - 1].text)
                out.append(token)
            elif token.text == "#":
                raise self.error(at, "# within a line", "directives stand on lines of their own")
            else:
                out.append(token)
        return out

    def _converting(self, tokens: list[Token], index: int, name: Token, kind: list[Token], out: list[Token]) -> int:
        """C's cast in place of C++'s, `((kind)(x))`: in parentheses, for C++'s binds as tightly as a call."""
        left, right = (name._replace(kind="mark", text=text) for text in "()")
        out += [left, left, *kind, right]
        tokens.insert(self._closing(tokens, index, name) + 1, right)
        return index

    def _closing(self, tokens: list[Token], index: int, name: Token) -> int:
        depth = 0
        for position in range(index, len(tokens)):
            depth += (tokens[position].text == "(") - (tokens[position].text == ")")
            if depth == 0:
                return position
        raise self.error((name.line, name.column), f"{name.text}( without its )")

    def _is_cast(self, before: list[Token]) -> bool:
        """Whether a type and a parenthesis after these tokens are a conversion: not in a declaration or sizeof(...)."""
        return bool(before) and (
            before[-1].text == "return" or (before[-1].kind == "mark" and before[-1].text not in ";{}")
        )

    def _laid_out(self, tokens: list[Token]) -> str:
        """The tokens as text, each on its line, with a note of the column that it came from."""
        lines: dict[int, str] = {}
        for token in tokens:
            text = lines.get(token.line, "")
            text += " " * max(token.column - 1 - len(text), 1 if text else 0)
            self.columns.setdefault(token.line, []).append((len(text) + 1, token.column))
            lines[token.line] = text + token.text
        return "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))

    def _parse(self, text: str) -> c_ast.FileAST:
        known = "".join(f"typedef int {name};" for name in sorted(BUILT_IN_TYPES)) + "typedef _Bool bool;"
        try:
            return c_parser.CParser().parse(f'{known}\n#line 1 "kernel"\n{text}\n', "kernel")
        except RecursionError:
            raise self.error((1, 1), "the source is nested too deep to be read", "divide it") from None
        except c_parser.ParseError as error:
            match = re.match(r"(?s).*?:(\d+):(?:(\d+):)?\s*(?:before: )?(.*)", str(error))
            if match:
                at, told = self._position(int(match[1]), int(match[2] or 1)), f"unexpected `{match[3]}`"
                raise self.error(at, told, "is a bracket, a semicolon or a type missing there, or before it?") from None
            if "end of input" in str(error).lower():
                raise self.error((len(self.lines), 1), "the file ends too early", "is a brace missing?") from None
            raise self.error(
                (self._first_broken(known, text), 1),
                "no declaration that C knows begins here",
                "is there a type, and is it one of CUDA C's? " + ", ".join(sorted(BUILT_IN_TYPES)),
            ) from None

    def _first_broken(self, known: str, text: str) -> int:
        """The line at which the first function or declaration begins that doesn't parse by itself."""
        start = depth = 0
        for end, mark in enumerate(text):
            depth += (mark == "{") - (mark == "}")
            if depth == 0 and mark in ";}":
                try:
                    c_parser.CParser().parse(known + text[start : end + 1], "kernel")
                except c_parser.ParseError:
                    break
                start = end + 1
        return 1 + text.count("\n", 0, start) + len(re.match(r"\s*", text[start:])[0].split("\n")) - 1  # type: ignore[index]


def _tokens(text: str, line: int) -> list[Token]:
    return [
        Token(match.lastgroup or "mark", match[0], line, match.start() + 1)
        for match in TOKEN.finditer(text)
        if match.lastgroup != "space"
    ]


def _literal(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _without_comments(text: str) -> str:
    """Blanks in place of comments, so that all else stays where it is; one that isn't closed goes to the end."""
    return COMMENT.sub(lambda m: m[0] if m[0][0] in "\"'" else re.sub(r"[^\n]", " ", m[0]), text)


def read(source: str | Path) -> tuple[str, str]:
    """(text, the name to call it by) of a path, or of the text itself."""
    if isinstance(source, Path):
        try:
            return source.read_text("utf-8-sig"), source.name
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise ValueError(
                f"{source.name}: line {line}: byte {error.object[error.start]:#04x} isn't UTF-8: "
                "is it a source? Save it as UTF-8"
            ) from None
    return source, "kernel.cu"
