"""What the other libraries call the same operation, from the same operands, each in its own arrays and layout.

`LIBRARIES[peer](threads)` makes the library ready and returns {operation: maker}; `maker(operands)` converts them and
returns the call to be timed, and how its result is turned into the layout of ours. A user of the library would write
the same call; what it allocates is allocated in each call.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

Call = Callable[[], Any]
Made = tuple[Call, Callable[[Any], Any]]  # the call; its result as ours has it
Makers = dict[str, Callable[[dict[str, Any]], Made]]


def numpy_calls(threads: int) -> Makers:
    return {"matmul": lambda o: ((lambda a=o["a"], b=o["b"]: a @ b), np.asarray)}


def torch_calls(threads: int, channels_last: bool = False) -> Makers:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    backward = torch.ops.aten.convolution_backward

    def image(array: Any) -> Any:
        """Channels last are channels first to PyTorch, seen from elsewhere: no copy, or one into its usual layout."""
        tensor = torch.from_numpy(array).permute(0, 3, 1, 2)
        return tensor.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)

    def kernel(array: Any) -> Any:
        tensor = torch.from_numpy(array).permute(3, 2, 0, 1)
        return tensor.contiguous(memory_format=torch.channels_last if channels_last else torch.contiguous_format)

    def as_image(tensor: Any) -> Any:
        return tensor.permute(0, 2, 3, 1).numpy()

    def as_kernel(tensor: Any) -> Any:
        return tensor.permute(2, 3, 1, 0).numpy()

    def as_arrays(tensors: Any) -> Any:
        return tuple(tensor.numpy() for tensor in tensors)

    def matmul(o: dict[str, Any]) -> Made:
        a, b = torch.from_numpy(o["a"]), torch.from_numpy(o["b"])
        return (lambda: a @ b), lambda y: y.numpy()

    def conv2d(o: dict[str, Any]) -> Made:
        x, w, settings = image(o["x"]), kernel(o["w"]), (o["stride"], o["padding"], o["dilation"], o["groups"])
        return (lambda: functional.conv2d(x, w, None, *settings)), as_image

    def gradient(o: dict[str, Any], which: int) -> Made:
        g, x, w = image(o["g"]), image(o["x"]), kernel(o["w"])
        wanted = [place == which for place in range(3)]
        settings = o["stride"], o["padding"], o["dilation"], False, (0, 0), o["groups"], wanted
        return (lambda: backward(g, x, w, None, *settings)[which]), (as_image, as_kernel)[which]

    def linear(o: dict[str, Any]) -> Made:
        x, w, bias = torch.from_numpy(o["x"]), torch.from_numpy(o["w"].T.copy()), torch.from_numpy(o["bias"])
        return (lambda: functional.gelu(functional.linear(x, w, bias))), lambda y: y.numpy()

    def max_pool2d(o: dict[str, Any]) -> Made:
        x, settings = image(o["x"]), (o["size"], o["stride"], o["padding"])
        return (lambda: functional.max_pool2d(x, *settings)), as_image

    def bias_max_pool2d(o: dict[str, Any]) -> Made:
        x, bias = image(o["x"]), torch.from_numpy(o["bias"])[:, None, None]
        settings = o["size"], o["stride"], o["padding"]
        return (lambda: functional.max_pool2d(functional.relu(x + bias), *settings)), as_image

    def layer_norm(o: dict[str, Any]) -> Made:
        x, scale, shift = (torch.from_numpy(o[name]) for name in ("x", "scale", "shift"))
        return (lambda: functional.layer_norm(x, scale.shape, scale, shift, 1e-5)), lambda y: y.numpy()

    def layer_norm_gradients(o: dict[str, Any]) -> Made:
        g, x, scale = (torch.from_numpy(o[name]) for name in ("g", "x", "scale"))
        _, mean, deviation = torch.native_layer_norm(x, scale.shape, scale, scale, 1e-5)
        back, wanted = torch.ops.aten.native_layer_norm_backward, [True] * 3
        return (lambda: back(g, x, scale.shape, mean, deviation, scale, scale, wanted)), as_arrays

    def positions(o: dict[str, Any], name: str) -> Any:
        """(samples, positions, channels) as images."""
        samples, size, channels = o[name].shape
        return image(np.reshape(o[name], (samples, o["height"], size // o["height"], channels)))

    def as_positions(tensor: Any) -> Any:
        return as_image(tensor).reshape(len(tensor), -1, tensor.shape[1])

    def is_batch_norm(o: dict[str, Any]) -> bool:
        return len(o["x"]) == 1 and o["groups"] == len(o["scale"])

    def group_norm(o: dict[str, Any]) -> Made:
        x, scale, shift = positions(o, "x"), torch.from_numpy(o["scale"]), torch.from_numpy(o["shift"])
        if is_batch_norm(o):
            return (lambda: functional.batch_norm(x, None, None, scale, shift, True, 0.0, 1e-5)), as_positions
        return (lambda: functional.group_norm(x, o["groups"], scale, shift, 1e-5)), as_positions

    def group_norm_gradients(o: dict[str, Any]) -> Made:
        g, x, scale = positions(o, "g"), positions(o, "x"), torch.from_numpy(o["scale"])
        mean, variance = map(torch.from_numpy, o["statistics"])
        deviation, (n, c, h, w), wanted = torch.rsqrt(variance + 1e-5), x.shape, [True] * 3

        def as_ours(found: Any) -> Any:
            return as_positions(found[0]), *as_arrays(found[1:])

        if is_batch_norm(o):
            back, saved = torch.ops.aten.native_batch_norm_backward, (None, None, mean[0], deviation[0])
            return (lambda: back(g, x, scale, *saved, True, 1e-5, wanted)), as_ours
        group = torch.ops.aten.native_group_norm_backward
        return (lambda: group(g, x, mean, deviation, scale, n, c, h * w, o["groups"], wanted)), as_ours

    def attention(o: dict[str, Any]) -> Made:
        q, k, v = (torch.from_numpy(o[name])[None] for name in "qkv")  # one batch, so many heads
        call = functional.scaled_dot_product_attention
        return (lambda: call(q, k, v, is_causal=o["causal"], scale=o["scale"])), lambda y: y[0].numpy()

    def attention_gradients(o: dict[str, Any]) -> Made:
        g, q, k, v = (torch.from_numpy(o[name])[None].requires_grad_(name != "g") for name in "gqkv")
        with torch.enable_grad():
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=o["causal"], scale=o["scale"])
        call = torch.autograd.grad
        return (lambda: call(y, (q, k, v), g, retain_graph=True)), lambda found: tuple(t[0].numpy() for t in found)

    def gelu(o: dict[str, Any]) -> Made:
        x = torch.from_numpy(o["x"])
        return (lambda: functional.gelu(x, approximate="tanh")), lambda y: y.numpy()

    def scatter_add_rows(o: dict[str, Any]) -> Made:
        """By index_add_, which takes half the time of what nn.Embedding does."""
        g, indices, rows = torch.from_numpy(o["g"]), torch.from_numpy(o["indices"]), o["rows"]
        return (lambda: g.new_zeros(rows, g.shape[1]).index_add_(0, indices, g)), lambda y: y.numpy()

    def softmax_cross_entropy(o: dict[str, Any]) -> Made:
        logits, labels = torch.from_numpy(o["logits"]).requires_grad_(), torch.from_numpy(o["labels"])

        def call() -> Any:
            logits.grad = None
            with torch.enable_grad():
                functional.cross_entropy(logits, labels).backward()
            return logits.grad

        return call, lambda gradient: gradient.numpy()

    def adam_update(o: dict[str, Any]) -> Made:
        parameters = [torch.from_numpy(own).requires_grad_() for own in o["parameter"]]
        for parameter, gradient in zip(parameters, o["gradient"], strict=True):
            parameter.grad = torch.from_numpy(gradient)
        optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)
        return optimizer.step, lambda _: o["parameter"]  # updated in place

    images: Makers = {
        "max_pool2d": max_pool2d,
        "bias_max_pool2d": bias_max_pool2d,
        "group_norm": group_norm,
        "group_norm_gradients": group_norm_gradients,
        "conv2d": conv2d,
        "conv2d_input_gradient": lambda o: gradient(o, 0),
        "conv2d_weight_gradient": lambda o: gradient(o, 1),
    }
    others: Makers = {
        "matmul": matmul,
        "linear": linear,
        "softmax_cross_entropy": softmax_cross_entropy,
        "layer_norm": layer_norm,
        "layer_norm_gradients": layer_norm_gradients,
        "attention": attention,
        "attention_gradients": attention_gradients,
        "gelu": gelu,
        "scatter_add_rows": scatter_add_rows,
        "adam_update": adam_update,
    }
    return images if channels_last else others | images


def jax_calls(threads: int) -> Makers:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)  # float64 stays float64; float32 stays float32

    def compiled(function: Callable[..., Any], *arrays: Any) -> Made:
        """JAX compiles the function for these shapes, and computes in the background: wait until it is done."""
        operands, fast = [jnp.asarray(array) for array in arrays], jax.jit(function)
        return (lambda: jax.block_until_ready(fast(*operands))), np.asarray

    def convolve(o: dict[str, Any]) -> Callable[..., Any]:
        padding = [(p, p) for p in o["padding"]]

        def y(x: Any, w: Any) -> Any:
            return jax.lax.conv_general_dilated(
                *(x, w, o["stride"], padding),
                rhs_dilation=o["dilation"],
                feature_group_count=o["groups"],
                dimension_numbers=("NHWC", "HWIO", "NHWC"),
            )

        return y

    def input_gradient(o: dict[str, Any]) -> Made:
        y, shape = convolve(o), o["x"].shape
        return compiled(lambda g, w: jax.vjp(lambda x: y(x, w), jnp.zeros(shape, g.dtype))[1](g)[0], *(o["g"], o["w"]))

    def weight_gradient(o: dict[str, Any]) -> Made:
        y, shape = convolve(o), o["w"].shape
        return compiled(lambda g, x: jax.vjp(lambda w: y(x, w), jnp.zeros(shape, g.dtype))[1](g)[0], *(o["g"], o["x"]))

    def softmax_cross_entropy(o: dict[str, Any]) -> Made:
        rows = jnp.arange(len(o["labels"]))

        def loss(logits: Any, labels: Any) -> Any:
            return -jax.nn.log_softmax(logits)[rows, labels].mean()

        return compiled(jax.grad(loss), o["logits"], o["labels"])

    def layer_norm(x: Any, scale: Any, shift: Any) -> Any:
        mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift

    def group_norm(x: Any, scale: Any, shift: Any, groups: int) -> Any:
        parts = x.reshape(*x.shape[:2], groups, -1)
        mean, variance = parts.mean((1, 3), keepdims=True), parts.var((1, 3), keepdims=True)
        return ((parts - mean) * jax.lax.rsqrt(variance + 1e-5)).reshape(x.shape) * scale + shift

    def gradients(y: Callable[..., Any], g: Any, *arrays: Any) -> Made:
        call, _ = compiled(lambda g, *arrays: jax.vjp(y, *arrays)[1](g), g, *arrays)
        return call, lambda found: tuple(map(np.asarray, found))

    def attend(o: dict[str, Any]) -> Callable[..., Any]:
        def y(q: Any, k: Any, v: Any) -> Any:
            scores = q @ k.swapaxes(1, 2) * o["scale"]
            may = np.tri(*scores.shape[1:]) > 0 if o["causal"] else True
            return jax.nn.softmax(jnp.where(may, scores, -jnp.inf)) @ v

        return y

    def max_pool2d(o: dict[str, Any]) -> Made:
        size, stride = (1, *o["size"], 1), (1, *o["stride"], 1)
        padding = [(p, p) for p in (0, *o["padding"], 0)]
        return compiled(lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, size, stride, padding), o["x"])

    def scatter_add_rows(o: dict[str, Any]) -> Made:
        shape = o["rows"], o["g"].shape[1]
        return compiled(lambda g, indices: jnp.zeros(shape, g.dtype).at[indices].add(g), o["g"], o["indices"])

    return {
        "matmul": lambda o: compiled(lambda a, b: a @ b, o["a"], o["b"]),
        "linear": lambda o: compiled(
            lambda x, w, bias: jax.nn.gelu(x @ w + bias, approximate=False), o["x"], o["w"], o["bias"]
        ),
        "softmax_cross_entropy": softmax_cross_entropy,
        "layer_norm": lambda o: compiled(layer_norm, o["x"], o["scale"], o["shift"]),
        "layer_norm_gradients": lambda o: gradients(layer_norm, *(o[name] for name in ("g", "x", "scale", "shift"))),
        "group_norm": lambda o: compiled(partial(group_norm, groups=o["groups"]), o["x"], o["scale"], o["shift"]),
        "group_norm_gradients": lambda o: gradients(
            partial(group_norm, groups=o["groups"]), *(o[name] for name in ("g", "x", "scale", "shift"))
        ),
        "attention": lambda o: compiled(attend(o), o["q"], o["k"], o["v"]),
        "attention_gradients": lambda o: gradients(attend(o), *(o[name] for name in "gqkv")),
        "gelu": lambda o: compiled(lambda x: jax.nn.gelu(x, approximate=True), o["x"]),
        "max_pool2d": max_pool2d,
        "scatter_add_rows": scatter_add_rows,
        "conv2d": lambda o: compiled(convolve(o), o["x"], o["w"]),
        "conv2d_input_gradient": input_gradient,
        "conv2d_weight_gradient": weight_gradient,
    }


LIBRARIES: dict[str, dict[str, Callable[[int], Makers]]] = {  # library: its rows, each with its calls
    "numpy": {"numpy": numpy_calls},
    "torch": {"torch": torch_calls, "torch_channels_last": lambda threads: torch_calls(threads, channels_last=True)},
    "jax": {"jax": jax_calls},
}
# PyTorch runs these by a thread of its own for gradients, beside the pool: its threads share the cores as they like
MORE_THREADS = {"softmax_cross_entropy", "attention_gradients"}
PEERS = [row for rows in LIBRARIES.values() for row in rows]


def missing(library: str) -> str:
    """Why a library can't take part, in one line, or nothing."""
    if library not in LIBRARIES:
        raise ValueError(f"bench: no peer {library!r}; there are {', '.join(LIBRARIES)}")
    return "" if find_spec(library) else f"{library} is not installed (pip install {library})"
